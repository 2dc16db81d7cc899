"""OpenAI's Agents SDK for Python with a session, which keeps the history and sends it with each turn."""

import asyncio

from agents import Agent, OpenAIProvider, RunConfig, Runner, SQLiteSession
from steps import api_key, base_url, messages, model, run_steps

provider = OpenAIProvider(base_url=base_url, api_key=api_key)
config = RunConfig(model_provider=provider, tracing_disabled=True)
agent = Agent(name="Assistant", instructions="Answer briefly.", model=model)
session = SQLiteSession("chat")


async def ask(step):
    result = await Runner.run(agent, messages[step], run_config=config, session=session)
    return {"reply": result.final_output}


async def ask_instead(step):
    """Removes the last message and its reply from the history, and asks something else."""
    await session.pop_item()
    await session.pop_item()
    return await ask(step)


async def stream():
    result = Runner.run_streamed(agent, messages["stream"], run_config=config, session=session)
    deltas = []
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            deltas.append(event.data.delta)
    return {"reply": result.final_output, "deltas": deltas}


# The client keeps its connections, which belong to one event loop.
run = asyncio.new_event_loop().run_until_complete
run_steps(
    {
        "first": lambda: run(ask("first")),
        "second": lambda: run(ask("second")),
        "edit": lambda: run(ask_instead("edit")),
        "retry": lambda: run(ask_instead("retry")),
        "stream": lambda: run(stream()),
        "next": lambda: run(ask("next")),
    }
)
