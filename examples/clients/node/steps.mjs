// What each script gets from examples/clients/run.mjs, and how it reports its steps.

/** `baseUrl`, `apiKey` and `model` of turnkeeper, the chosen `api`, and the `messages` that the user sends, by step. */
export const { baseUrl, apiKey, model, api, messages } = JSON.parse(process.env.CLIENT_RUN);

/**
 * Runs the steps in order and prints one line of JSON for each. A step returns `{ reply }`, and also `deltas` if it
 * streamed the reply, or `accepted`, the status of a background response at its creation. An error ends the script.
 */
export async function runSteps(steps) {
  for (const [step, run] of Object.entries(steps)) {
    try {
      console.log(JSON.stringify({ step, ...(await run()) }));
    } catch (error) {
      console.log(JSON.stringify({ step, error: String(error?.stack ?? error) }));
      process.exit(1);
    }
  }
}
