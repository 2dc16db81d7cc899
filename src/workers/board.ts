// The queue board: a read-only view of all jobs of all topics. bull-board provides the page and its API. The adapter is
// our own, because @bull-board/koa adds 80 packages for one template (docs/decisions/0027-dependencies.md).
import { readFile } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { Queues } from './queues.ts';

type ServerAdapter = Parameters<typeof createBullBoard>[0]['serverAdapter'];
type Argument<M extends keyof ServerAdapter> = Parameters<ServerAdapter[M]>[0];

export interface BoardAnswer {
  readonly status: number;
  /** Content type. */
  readonly type: string;
  readonly body: string | Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Path parameters, or null if the path does not match a route such as `/api/queues/:queueName`. */
function paramsOf(route: string, path: string): Record<string, string> | null {
  const [pattern, actual] = [route, path].map((each) => each.split('/').filter((part) => part !== ''));
  if (pattern!.length !== actual!.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern!.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = actual![index]!;
    else if (part !== actual![index]) return null;
  }
  return params;
}

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** Collects what bull-board registers and answers requests without a web framework. It keeps only the GET routes, so
 *  the board cannot change anything. */
class ReadOnlyAdapter implements ServerAdapter {
  readonly #basePath: string;
  #queues!: Argument<'setQueues'>;
  #views!: string;
  #statics!: string;
  #entry!: Argument<'setEntryRoute'>;
  #routes!: Argument<'setApiRoutes'>;
  #onError!: Argument<'setErrorHandler'>;
  #uiConfig!: Argument<'setUIConfig'>;

  constructor(basePath: string) {
    this.#basePath = basePath;
  }

  setQueues(queues: Argument<'setQueues'>): this {
    this.#queues = queues;
    return this;
  }
  setViewsPath(path: string): this {
    this.#views = path;
    return this;
  }
  setStaticPath(_route: string, path: string): this {
    this.#statics = path;
    return this;
  }
  setEntryRoute(route: Argument<'setEntryRoute'>): this {
    this.#entry = route;
    return this;
  }
  setErrorHandler(handler: Argument<'setErrorHandler'>): this {
    this.#onError = handler;
    return this;
  }
  setApiRoutes(routes: Argument<'setApiRoutes'>): this {
    this.#routes = routes.filter(({ method }) => listOf(method).includes('get'));
    return this;
  }
  setUIConfig(config: Argument<'setUIConfig'>): this {
    this.#uiConfig = config;
    return this;
  }

  async get(path: string, query: Readonly<Record<string, string>>): Promise<BoardAnswer | null> {
    if (path.startsWith('/static/')) return this.#file(path.slice('/static/'.length));
    for (const api of this.#routes) {
      const params = listOf(api.route)
        .map((each) => paramsOf(each, path))
        .find((found) => found !== null);
      if (!params) continue;
      const request = { queues: this.#queues, uiConfig: this.#uiConfig, query, params, body: {}, headers: {} };
      const { status = 200, body } = await Promise.resolve(api.handler(request)).catch(this.#onError);
      return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(body) };
    }
    const isPage = listOf(this.#entry.route).some((route) => paramsOf(route, path) !== null);
    return isPage ? this.#page() : null;
  }

  async #file(name: string): Promise<BoardAnswer | null> {
    const file = resolve(this.#statics, name);
    if (!file.startsWith(this.#statics + sep)) return null;
    const body = await readFile(file).catch(() => null);
    return body && { status: 200, type: TYPES[extname(file)] ?? 'application/octet-stream', body };
  }

  /** Renders the page. Its template contains only `<%= escaped %>` and `<%- raw %>` values. */
  async #page(): Promise<BoardAnswer> {
    const { name, params } = this.#entry.handler({ basePath: this.#basePath, uiConfig: this.#uiConfig });
    const template = await readFile(join(this.#views, name), 'utf8');
    const body = template.replaceAll(/<%([=-])\s*(\w+)\s*%>/g, (_, kind: string, key: string) => {
      const value = params[key] ?? '';
      return kind === '=' ? escaped(value) : value;
    });
    return { status: 200, type: 'text/html; charset=utf-8', body };
  }
}

/** Creates the board that is served at `path`. It answers a GET request for a path below, such as `/api/queues`; null: not
 *  found. */
export function queueBoard(queues: Queues, path: string) {
  const serverAdapter = new ReadOnlyAdapter(path);
  createBullBoard({
    queues: queues.names.map((name) => new BullMQAdapter(queues.get(name), { readOnlyMode: true })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'turnkeeper topics' } },
  });
  return (subpath: string, query: Readonly<Record<string, string>>) => serverAdapter.get(subpath, query);
}
