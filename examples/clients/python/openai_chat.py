"""OpenAI's client for Python with chat completions. The client sends the whole history."""

import openai
from steps import api_key, base_url, chat_steps, messages, model, run_steps

client = openai.OpenAI(base_url=base_url, api_key=api_key)
history = {}


def user(content):
    return {"role": "user", "content": content}


def ask(step, after=None):
    conversation = [*history.get(after, []), user(messages[step])]
    message = client.chat.completions.create(model=model, messages=conversation).choices[0].message
    history[step] = [*conversation, message]
    return {"reply": message.content}


def stream():
    conversation = [*history["retry"], user(messages["stream"])]
    deltas = []
    with client.chat.completions.stream(model=model, messages=conversation) as events:
        for event in events:
            if event.type == "content.delta":
                deltas.append(event.delta)
        message = events.get_final_completion().choices[0].message
    history["stream"] = [*conversation, message]
    return {"reply": message.content, "deltas": deltas}


run_steps(chat_steps(ask, stream))
