"""litellm with chat completions. The script sends the whole history."""

import litellm
from steps import api_key, base_url, chat_steps, messages, model, run_steps

server = {"model": f"openai/{model}", "api_base": base_url, "api_key": api_key}
history = {}


def user(content):
    return {"role": "user", "content": content}


def ask(step, after=None):
    conversation = [*history.get(after, []), user(messages[step])]
    message = litellm.completion(**server, messages=conversation).choices[0].message
    history[step] = [*conversation, message]
    return {"reply": message.content}


def stream():
    conversation = [*history["retry"], user(messages["stream"])]
    chunks = list(litellm.completion(**server, messages=conversation, stream=True))
    deltas = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    message = litellm.stream_chunk_builder(chunks, messages=conversation).choices[0].message
    history["stream"] = [*conversation, message]
    return {"reply": message.content, "deltas": deltas}


run_steps(chat_steps(ask, stream))
