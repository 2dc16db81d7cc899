"""LangChain for Python with chat completions or responses. The script sends the whole history."""

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from steps import api, api_key, base_url, chat_steps, messages, model, run_steps

chat = ChatOpenAI(model=model, api_key=api_key, base_url=base_url, use_responses_api=api == "responses")
history = {}


def ask(step, after=None):
    conversation = [*history.get(after, []), HumanMessage(messages[step])]
    answer = chat.invoke(conversation)
    history[step] = [*conversation, answer]
    return {"reply": answer.text}


def stream():
    conversation = [*history["retry"], HumanMessage(messages["stream"])]
    deltas = []
    whole = None
    for chunk in chat.stream(conversation):
        if chunk.text:
            deltas.append(str(chunk.text))
        whole = chunk if whole is None else whole + chunk
    history["stream"] = [*conversation, whole]
    return {"reply": whole.text, "deltas": deltas}


run_steps(chat_steps(ask, stream))
