"""litellm with responses. The script names the response that it continues."""

import time

import litellm
from steps import api_key, base_url, chat_steps, messages, model, run_steps

key = {"api_base": base_url, "api_key": api_key}
server = {"model": f"openai/{model}", **key}
POLL_S = 0.1
ids = {}


def text_of(response):
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    return "".join(part.text for part in parts)


def ask(step, after=None):
    response = litellm.responses(**server, input=messages[step], previous_response_id=ids.get(after))
    ids[step] = response.id
    return {"reply": text_of(response)}


def stream():
    events = list(
        litellm.responses(**server, input=messages["stream"], previous_response_id=ids["retry"], stream=True)
    )
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    response = events[-1].response
    ids["stream"] = response.id
    return {"reply": text_of(response), "deltas": deltas}


def background():
    response = litellm.responses(**server, input=messages["background"], background=True)
    accepted = response.status
    while response.status in ("queued", "in_progress"):
        time.sleep(POLL_S)
        response = litellm.get_responses(response_id=response.id, **key)
    assert response.status == "completed", response.status
    return {"reply": text_of(response), "accepted": accepted}


run_steps({**chat_steps(ask, stream), "background": background})
