// The web pages: built from web/ into web/dist, read when the ingress starts, and served unchanged.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { operation, type Answer, type Operation } from '../operation.ts';
import { Problem } from '../problem.ts';
import { storableText } from '../schemas.ts';
import { etagOf } from './turn-json.ts';
import { ifNoneMatch } from '../header-fields.ts';

const BUILT = join(import.meta.dirname, '../../../web/dist');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const CHAT_PAGE = 'index.html';
const PAGES = [
  { id: 'getChatPage', path: '/', file: CHAT_PAGE, summary: 'The chat page' },
  { id: 'getDeskPage', path: '/desk', file: 'desk.html', summary: 'The review desk' },
  { id: 'getOperationsPage', path: '/operations', file: 'operations.html', summary: 'The operations page' },
] as const;

/** The name of an asset contains a hash of its content, so an asset never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

interface PageFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
  readonly etag: string;
}

/** The files by their path below the folder. Empty: the pages are not built. */
export type Pages = ReadonlyMap<string, PageFile>;

const pageFileOf = (bytes: Buffer, type: string): PageFile => ({
  type,
  bytes,
  gzipped: gzipSync(bytes),
  etag: etagOf(bytes.toString('latin1')),
});

const readPage = (path: string): PageFile =>
  pageFileOf(readFileSync(path), TYPES[extname(path)] ?? 'application/octet-stream');

/** Reads the built pages and their assets (some hundred kilobytes). */
export function readPages(folder = BUILT): Pages {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
    return new Map(
      files.map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(folder.length + 1).replaceAll('\\', '/'), readPage(path)];
      }),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>turnkeeper: not built</title><link rel="stylesheet" href="/docs/docs.css"></head>
<body><main class="plain"><h1>The pages are not built</h1>
<p>The API is available: see <a href="/docs">its documentation</a>. To build the pages, run <code>npm start</code>, or run
<code>node scripts/web-build.mjs</code> before you start this program.</p></main></body>
</html>
`;

const headers = z.object({
  'accept-encoding': z.string().optional().meta({ description: 'With `gzip`, the response is compressed.' }),
  'if-none-match': ifNoneMatch.meta({ description: 'The ETag of the version that the client has.' }),
});

const answerOf = ({ type, bytes, gzipped, etag }: PageFile, cacheControl: string): Answer => ({
  status: 200,
  type,
  headers: { etag, 'cache-control': cacheControl },
  body: bytes,
  gzipped,
});

/** The meta element in the chat page that contains the text for held replies. Its content is empty in the built file. */
const HELD_TEXT_META = '<meta name="review-held-text" content="';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replaceAll(/[&"<>]/g, (character) => ESCAPES[character]!);

/** The page with the operator's text for held replies. A page without the meta element is returned unchanged. */
function withHeldText(page: PageFile, heldText: string): PageFile {
  const html = page.bytes.toString('utf8');
  const changed = html.replace(HELD_TEXT_META, () => HELD_TEXT_META + escaped(heldText));
  return changed === html ? page : pageFileOf(Buffer.from(changed), page.type);
}

/** Operations for the pages and their assets. `heldText`: what the chat page says while a reply is held for review. */
export function pageOperations(built: Pages, heldText: string): Operation[] {
  const pages = new Map(
    [...built].map(([name, page]) => [name, name === CHAT_PAGE ? withHeldText(page, heldText) : page]),
  );
  const shown = PAGES.map(({ id, path, file, summary }) =>
    operation({
      id,
      method: 'GET',
      path,
      tag: 'Pages',
      summary,
      access: 'open',
      // The scripts of the page interpret the query; any query is accepted here.
      query: z.looseObject({}),
      headers,
      answers: {
        200: { description: 'The page.', type: 'text/html' },
        304: { description: 'The page has not changed since the version in `If-None-Match`.' },
        503: { description: 'The pages are not built.', type: 'text/html' },
      },
      handle() {
        const page = pages.get(file);
        return page ? answerOf(page, 'no-cache') : { status: 503, type: TYPES['.html']!, body: NOT_BUILT };
      },
    }),
  );
  const assets = operation({
    id: 'getAsset',
    method: 'GET',
    path: '/assets/{name}',
    tag: 'Pages',
    summary: 'An asset of the pages',
    access: 'open',
    params: z.strictObject({ name: storableText(1, 200) }),
    headers,
    answers: {
      200: { description: 'The file. Its name changes with its content.', type: 'application/octet-stream' },
      304: { description: 'The file has not changed since the version in `If-None-Match`.' },
    },
    problems: ['asset_not_found'],
    handle({ path }) {
      const asset = pages.get(`assets/${path.name}`);
      if (!asset) throw new Problem('asset_not_found', 'No asset has this name. Load the page again.');
      return answerOf(asset, IMMUTABLE);
    },
  });
  return [...shown, assets];
}
