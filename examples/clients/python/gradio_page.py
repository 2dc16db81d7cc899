"""gradio's chat page for an OpenAI-compatible server. Prints its address, and ends when its standard input ends."""

import sys

import gradio

from steps import api_key, base_url, model

page = gradio.load_chat(base_url, model, token=api_key, editable=True)
page.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, quiet=True)
print(page.local_url, flush=True)
sys.stdin.read()
page.close()
