// Shared helpers of the tests with OpenAI's client.
import OpenAI from 'openai';
import type { TestApp } from '../support/app.ts';

/** OpenAI's client with the server as base URL and otherwise default settings. */
export const clientOf = (url: string, apiKey = 'none'): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, logLevel: 'off' });

/** The member that turnkeeper adds to OpenAI's objects. */
export interface Extended {
  readonly turnkeeper: { readonly turn_id: string; readonly session_id: string; readonly status: string };
}

export const about = (answer: object): Extended['turnkeeper'] => (answer as Extended).turnkeeper;

export const user = (content: string) => ({ role: 'user' as const, content });
export const assistant = (content: string) => ({ role: 'assistant' as const, content });

export const WORDS = Array.from({ length: 60 }, (_, number) => `word-${number}`).join(' ');

/** Makes the model send replies word by word. */
export const trickle = ({ model }: TestApp, trickleMs = 20): void =>
  model.script((call) => (call.kind === 'chat' ? { text: WORDS, trickleMs } : {}));

export interface Failure {
  readonly name: string;
  readonly status: number | undefined;
  readonly code: string | null | undefined;
  readonly param: string | null | undefined;
  readonly type: string | undefined;
  readonly message: string;
  readonly error: unknown;
  readonly retry: string | null;
}

/** The error that the client throws, as a plain object: ava cannot report the client's own error objects. */
export async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    const { status, code, param, type, message, headers } = error;
    const retry = (headers as Headers | undefined)?.get('x-should-retry') ?? null;
    return { name: error.constructor.name, status, code, param, type, message, error: error.error, retry };
  }
  throw new Error('the request did not fail');
}
