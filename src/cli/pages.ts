// Lists that the server gives page by page.
import type { Api } from './api.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** What the server gives at once. */
const PAGE = 100;

/** Reads at most `limit` items. @throws Unreachable, Refused */
export async function readPages<T>(
  api: Api,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
): Promise<Page<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const asked: Record<string, string> = { limit: String(Math.min(PAGE, limit - items.length)) };
    for (const [name, value] of Object.entries(query)) if (value !== undefined) asked[name] = value;
    if (cursor !== null) asked['cursor'] = cursor;
    const { body }: { body: Page<T> } = await api.json(`${path}?${new URLSearchParams(asked).toString()}`);
    items.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor !== null && items.length < limit);
  return { items, next_cursor: cursor };
}
