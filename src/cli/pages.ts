// Reads lists that the server returns in pages.
import type { Page } from '../../web/src/api/derived.ts';
import type { Api } from './api.ts';

/** Maximum items of one page. */
const PAGE = 100;

/** Reads at most `limit` items. @throws Unreachable, ApiError */
export async function readPages<T>(
  api: Api,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
): Promise<Page<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const search: Record<string, string> = { limit: String(Math.min(PAGE, limit - items.length)) };
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search[name] = value;
    if (cursor !== null) search['cursor'] = cursor;
    const { body }: { body: Page<T> } = await api.json(`${path}?${new URLSearchParams(search).toString()}`);
    items.push(...body.items);
    cursor = body.next_cursor;
  } while (cursor !== null && items.length < limit);
  return { items, next_cursor: cursor };
}
