"""What each script gets from examples/clients/run.mjs, and how it reports its steps."""

import json
import os
import sys
import traceback

_run = json.loads(os.environ["CLIENT_RUN"])
#: Base URL, key and model of turnkeeper, and the API that the script shall use.
base_url, api_key, model, api = _run["baseUrl"], _run["apiKey"], _run["model"], _run["api"]
#: What the user sends in each step.
messages = _run["messages"]


def chat_steps(ask, stream):
    """The steps of a chat that every client runs.

    `ask(step, after=None)` sends the message of the step after the chat of another step, and `stream()` that of the step
    `stream` after the chat of the step `retry`. Both return the result of their step.
    """
    return {
        "first": lambda: ask("first"),
        "second": lambda: ask("second", after="first"),
        "edit": lambda: ask("edit", after="first"),
        "retry": lambda: ask("retry", after="first"),
        "stream": stream,
        "next": lambda: ask("next", after="stream"),
    }


def run_steps(steps):
    """Runs the steps in order and prints one line of JSON for each.

    A step returns `reply`, and also `deltas` if it streamed the reply, or `accepted`, the status of a background response
    at its creation. An error ends the script.
    """
    for step, run in steps.items():
        try:
            print(json.dumps({"step": step, **run()}), flush=True)
        except Exception:
            print(json.dumps({"step": step, "error": traceback.format_exc()}), flush=True)
            sys.exit(1)
