"""OpenAI's client for Python with responses. The client names the response that it continues."""

import time

import openai
from steps import api_key, base_url, chat_steps, messages, model, run_steps

client = openai.OpenAI(base_url=base_url, api_key=api_key)
POLL_S = 0.1
ids = {}


def ask(step, after=None):
    response = client.responses.create(model=model, input=messages[step], previous_response_id=ids.get(after))
    ids[step] = response.id
    return {"reply": response.output_text}


def stream():
    deltas = []
    with client.responses.stream(
        model=model, input=messages["stream"], previous_response_id=ids["retry"]
    ) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                deltas.append(event.delta)
        response = events.get_final_response()
    ids["stream"] = response.id
    return {"reply": response.output_text, "deltas": deltas}


def background():
    response = client.responses.create(model=model, input=messages["background"], background=True)
    accepted = response.status
    while response.status in ("queued", "in_progress"):
        time.sleep(POLL_S)
        response = client.responses.retrieve(response.id)
    assert response.status == "completed", response.status
    return {"reply": response.output_text, "accepted": accepted}


run_steps({**chat_steps(ask, stream), "background": background})
