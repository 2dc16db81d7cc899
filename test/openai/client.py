"""Runs OpenAI's unmodified Python client against the server whose address is the first argument.

Prints one JSON object with the result of each scenario. The test checks them.
"""

import json
import sys
import time

import openai

client = openai.OpenAI(base_url=sys.argv[1] + "/v1", api_key="none")


def about(answer):
    return answer.turnkeeper


def wait_until_final(response_id):
    while True:
        response = client.responses.retrieve(response_id)
        if response.status not in ("queued", "in_progress"):
            return response
        time.sleep(0.1)


def failure(work):
    try:
        work()
    except openai.APIError as error:
        result = {"name": type(error).__name__, "code": error.code, "message": error.message}
        if isinstance(error, openai.APIStatusError):
            result["status"] = error.status_code
        return result
    return None


def complete(text, **more):
    return client.chat.completions.create(
        model="turnkeeper", messages=[{"role": "user", "content": text}], **more
    )


def models():
    return [model.id for model in client.models.list()]


def plain():
    answer = complete("hello", user="py-plain")
    return {
        "text": answer.choices[0].message.content,
        "finish": answer.choices[0].finish_reason,
        "tokens": answer.usage.total_tokens,
        "status": about(answer)["status"],
    }


def streamed():
    stream = complete("words", user="py-streamed", stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    deltas = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    return {"text": "".join(deltas), "chunks": len(chunks), "tokens": chunks[-1].usage.total_tokens}


def repeated():
    answer = client.with_options(timeout=0.7, max_retries=5).chat.completions.create(
        model="turnkeeper",
        user="py-repeated",
        messages=[{"role": "user", "content": "late"}],
        extra_headers={"Idempotency-Key": "message-1"},
    )
    return answer.choices[0].message.content


def background():
    slow = client.responses.create(model="turnkeeper", user="py-background", input="slow", background=True)
    following = client.responses.create(model="turnkeeper", user="py-background", input="next", background=True)
    while client.responses.retrieve(slow.id).status == "queued":
        time.sleep(0.1)
    cancelled = [client.responses.cancel(slow.id).status, client.responses.cancel(slow.id).status]
    final = wait_until_final(following.id)
    return {"accepted": slow.status, "cancelled": cancelled, "final": final.status, "text": final.output_text}


def resumed():
    """Disconnects after every eight events and resumes."""
    events = []
    response_id = None
    while not events or events[-1].type != "response.completed":
        if response_id is None:
            stream = client.responses.create(
                model="turnkeeper", user="py-resumed", input="words", background=True, stream=True
            )
        else:
            stream = client.responses.retrieve(
                response_id, stream=True, starting_after=events[-1].sequence_number
            )
        for count, event in enumerate(stream):
            events.append(event)
            if event.type == "response.created":
                response_id = event.response.id
            if count == 7:
                break
        stream.close()
    numbers = [event.sequence_number for event in events]
    return {
        "text": "".join(event.delta for event in events if event.type == "response.output_text.delta"),
        "whole": events[-1].response.output_text,
        "increasing": numbers == sorted(set(numbers)),
    }


def helper():
    with client.responses.stream(model="turnkeeper", user="py-helper", input="words") as stream:
        return stream.get_final_response().output_text


def held():
    answer = complete("this is urgent", user="py-held")
    response = client.responses.create(model="turnkeeper", user="py-held", input="this is urgent too")
    return {
        "content": answer.choices[0].message.content,
        "status": about(answer)["status"],
        "response": response.status,
        "response_status": about(response)["status"],
    }


def errors():
    def failing_stream():
        list(complete("fail", user="py-errors", stream=True))

    def restarted():
        list(client.responses.create(model="turnkeeper", user="py-errors", input="restarted", stream=True))

    return {
        "invalid": failure(lambda: complete("")),
        "model": failure(lambda: client.responses.create(model="gpt-9", input="x")),
        "unknown": failure(lambda: client.responses.retrieve("resp_x")),
        "failed": failure(lambda: complete("fail", user="py-errors")),
        "failed_stream": failure(failing_stream),
        "restarted": failure(restarted),
    }


SCENARIOS = [models, plain, streamed, repeated, background, resumed, helper, held, errors]
print(json.dumps({scenario.__name__: scenario() for scenario in SCENARIOS}))
