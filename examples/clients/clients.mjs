// The clients: their packages, the script that uses them, and the API that the script chooses.

/**
 * `language`: the folder of the script. It also says where its packages come from (node: npm, python: PyPI), unless
 * `packagesOf` says it. `background`: the client can create a background response and poll it.
 */
export const CLIENTS = [
  { language: 'node', packages: ['openai'], script: 'openai-chat.mjs', api: 'chat completions' },
  { language: 'node', packages: ['openai'], script: 'openai-responses.mjs', api: 'responses', background: true },
  { language: 'python', packages: ['openai'], script: 'openai_chat.py', api: 'chat completions' },
  { language: 'python', packages: ['openai'], script: 'openai_responses.py', api: 'responses', background: true },
  { language: 'node', packages: ['ai', '@ai-sdk/openai'], script: 'ai-sdk.mjs', api: 'responses' },
  { language: 'node', packages: ['ai', '@ai-sdk/openai'], script: 'ai-sdk.mjs', api: 'chat completions' },
  { language: 'node', packages: ['ai', '@ai-sdk/openai-compatible'], script: 'ai-sdk.mjs', api: 'compatible' },
  { language: 'node', packages: ['@langchain/openai'], script: 'langchain.mjs', api: 'chat completions' },
  { language: 'node', packages: ['@langchain/openai'], script: 'langchain.mjs', api: 'content blocks' },
  { language: 'node', packages: ['@langchain/openai'], script: 'langchain.mjs', api: 'responses' },
  { language: 'python', packages: ['langchain-openai'], script: 'langchain_chat.py', api: 'chat completions' },
  { language: 'python', packages: ['langchain-openai'], script: 'langchain_chat.py', api: 'responses' },
  { language: 'node', packages: ['@openai/agents'], script: 'agents.mjs', api: 'responses' },
  { language: 'node', packages: ['@openai/agents'], script: 'agents.mjs', api: 'chat completions' },
  { language: 'node', packages: ['@openai/agents'], script: 'agents-session.mjs', api: 'responses, with a session' },
  { language: 'python', packages: ['openai-agents'], script: 'agents_sdk.py', api: 'responses' },
  { language: 'python', packages: ['openai-agents'], script: 'agents_sdk.py', api: 'chat completions' },
  { language: 'python', packages: ['openai-agents'], script: 'agents_session.py', api: 'responses, with a session' },
  { language: 'python', packages: ['litellm'], script: 'litellm_chat.py', api: 'chat completions' },
  { language: 'python', packages: ['litellm'], script: 'litellm_responses.py', api: 'responses', background: true },
  {
    language: 'node',
    packages: ['gradio'],
    packagesOf: 'python',
    script: 'gradio-page.mjs',
    api: 'chat page, in Chromium',
  },
];
