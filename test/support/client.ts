// A client of the HTTP API.
export interface TurnJson {
  readonly turn_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly seq: number;
  readonly status: string;
  readonly assistant: string | null;
  readonly text: string;
  readonly reply: string | null;
  readonly partial_reply: string | null;
  readonly finish_reason: string | null;
  readonly follows: string | null;
  readonly attempts: number;
  readonly error: { code: string; detail: string } | null;
  readonly usage: { input_tokens: number; output_tokens: number } | null;
  readonly metadata: Record<string, unknown>;
}

export interface Reply<T> {
  readonly status: number;
  readonly body: T;
  readonly headers: Headers;
}

export interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends one JSON request and parses the JSON response. Does not throw for error statuses. */
export async function call<T = Record<string, unknown>>(
  base: string,
  path: string,
  { method, body, headers = {} }: Call = {},
): Promise<Reply<T>> {
  const response = await fetch(base + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === '' ? undefined : JSON.parse(text)) as T,
    headers: response.headers,
  };
}

/** Posts a message and returns the accepted turn. */
export async function chat(
  base: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<TurnJson> {
  const reply = await call<TurnJson>(base, '/chat', { body, headers });
  if (reply.status !== 202 && reply.status !== 200) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body;
}

/** Waits until the turn is settled (final or awaiting review). */
export async function waitForTurn(base: string, turnId: string, withinMs = 60_000): Promise<TurnJson> {
  for (const deadline = Date.now() + withinMs; ;) {
    const { body } = await call<TurnJson>(base, `/turns/${turnId}?wait=20`);
    if (!['queued', 'running'].includes(body.status)) return body;
    if (Date.now() > deadline) throw new Error(`turn ${turnId} is still ${body.status} after ${withinMs} ms`);
  }
}

/** Returns all conversation rows of a user, oldest first. */
export async function delivered(
  base: string,
  userId: string,
): Promise<{ turn_id: string; role: string; content: string }[]> {
  const items: { turn_id: string; role: string; content: string }[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Reply<{ items: typeof items; next_cursor: string | null }> = await call(
      base,
      `/users/${userId}/conversations?limit=100${cursor && `&cursor=${cursor}`}`,
    );
    items.push(...page.body.items);
    cursor = page.body.next_cursor;
  }
  return items;
}

/** The contents of a user's conversation rows if every turn was answered with its echo, oldest first. */
export const echoedContents = (turns: readonly TurnJson[], userId: string): string[] =>
  turns
    .filter(({ user_id: id }) => id === userId)
    .toSorted((a, b) => a.seq - b.seq)
    .flatMap(({ text }) => [text, `echo: ${text}`]);

/** Polls until `probe` returns a value other than null or false. @throws after `withinMs`, with `what` in it */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | null | false>,
  withinMs = 20_000,
): Promise<T> {
  for (const deadline = Date.now() + withinMs; ;) {
    const value = await probe();
    if (value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
