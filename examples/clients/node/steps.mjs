// What each script gets from examples/clients/run.mjs, and how it reports its steps.

/** `baseUrl`, `apiKey` and `model` of turnkeeper, the chosen `api`, and the `messages` that the user sends, by step. */
export const { baseUrl, apiKey, model, api, messages } = JSON.parse(process.env.CLIENT_RUN);

/**
 * The steps of a chat that every client runs. `ask` sends the next message of a chat and returns the chat with it; a chat
 * that is undefined is new. `stream` does the same and returns `{ chat, deltas }`. `textOf`: the last reply of a chat.
 */
export function chatSteps({ ask, stream, textOf }) {
  const chats = {};
  const asked = (step, after) => async () => {
    chats[step] = await ask(chats[after], messages[step]);
    return { reply: textOf(chats[step]) };
  };
  return {
    first: asked('first'),
    second: asked('second', 'first'),
    edit: asked('edit', 'first'),
    retry: asked('retry', 'first'),
    stream: async () => {
      const { chat, deltas } = await stream(chats.retry, messages.stream);
      chats.stream = chat;
      return { reply: textOf(chat), deltas };
    },
    next: asked('next', 'stream'),
  };
}

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
