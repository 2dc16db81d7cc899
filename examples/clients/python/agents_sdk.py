"""OpenAI's Agents SDK for Python. With chat completions it sends the whole history. With responses the second turn sends
the history, and later ones name the response that they continue."""

import asyncio

from agents import Agent, OpenAIProvider, RunConfig, Runner
from steps import api, api_key, base_url, messages, model, run_steps

use_responses = api == "responses"
config = RunConfig(
    model_provider=OpenAIProvider(base_url=base_url, api_key=api_key, use_responses=use_responses),
    tracing_disabled=True,
)
agent = Agent(name="Assistant", instructions="Answer briefly.", model=model)
results = {}
# The client keeps its connections, which belong to one event loop.
run = asyncio.new_event_loop().run_until_complete


def history_and(step, after):
    """The input of a turn: the history and the new message."""
    earlier = results[after].to_input_list() if after else []
    return {"input": [*earlier, {"role": "user", "content": messages[step]}]}


def following(step, after):
    """The input of a turn: with responses only the new message."""
    if not use_responses:
        return history_and(step, after)
    return {"input": messages[step], "previous_response_id": results[after].last_response_id}


def ask(step, request):
    results[step] = run(Runner.run(agent, run_config=config, **request))
    return {"reply": results[step].final_output}


async def stream():
    result = Runner.run_streamed(agent, run_config=config, **following("stream", "retry"))
    deltas = []
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            deltas.append(event.data.delta)
    results["stream"] = result
    return {"reply": result.final_output, "deltas": deltas}


run_steps(
    {
        "first": lambda: ask("first", history_and("first", None)),
        "second": lambda: ask("second", history_and("second", "first")),
        "edit": lambda: ask("edit", following("edit", "first")),
        "retry": lambda: ask("retry", following("retry", "first")),
        "stream": lambda: run(stream()),
        "next": lambda: ask("next", following("next", "stream")),
    }
)
