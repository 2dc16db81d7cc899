// The API explains itself: the OpenAPI document, a page that shows it, and the list of problems. Nothing comes from elsewhere.
import { readFileSync } from 'node:fs';
import { operation, type Operation } from '../operation.ts';
import { PROBLEMS } from '../problem.ts';

const file = (name: string): string => readFileSync(new URL(`./docs/${name}`, import.meta.url), 'utf8');

const page = (title: string, main: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
${main}
</body>
</html>
`;

const DOCS_PAGE = page(
  'turnkeeper API',
  '<div id="docs"><p class="note">Loading /openapi.json …</p><noscript>This page needs JavaScript; the document is <a href="/openapi.json">/openapi.json</a>.</noscript></div>\n<script src="/docs/docs.js" type="module"></script>',
);

function errorsPage(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) =>
      `<tr id="${code}"><td>${status}</td><td><code>${code}</code></td><td>${title}</td></tr>`,
  );
  const intro =
    'Errors are <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable; for bad input <code>errors</code> lists every fault with a JSON Pointer.';
  return page(
    'turnkeeper problems',
    `<main class="plain"><p><a href="/docs">turnkeeper API</a></p><h1>Problems</h1><p>${intro}</p><table><thead><tr><th>Status</th><th>Code</th><th>Means</th></tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table></main>`,
  );
}

interface Shown {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly type: string;
  readonly body: () => string;
}

/** The documentation's own operations. `openApi` gives the document of all operations, these included. */
export function docsOperations(openApi: () => string): Operation[] {
  const errors = errorsPage();
  const [script, style] = [file('docs.js'), file('docs.css')];
  const shown: Shown[] = [
    {
      id: 'getOpenApi',
      path: '/openapi.json',
      summary: 'Read the OpenAPI document',
      type: 'application/json',
      body: openApi,
    },
    { id: 'getDocs', path: '/docs', summary: 'Look at the documentation', type: 'text/html', body: () => DOCS_PAGE },
    {
      id: 'getDocsErrors',
      path: '/docs/errors',
      summary: 'Look at the list of problems',
      type: 'text/html',
      body: () => errors,
    },
    {
      id: 'getDocsScript',
      path: '/docs/docs.js',
      summary: 'Script of the documentation',
      type: 'text/javascript',
      body: () => script,
    },
    {
      id: 'getDocsStyle',
      path: '/docs/docs.css',
      summary: 'Style of the documentation',
      type: 'text/css',
      body: () => style,
    },
  ];
  return shown.map(({ id, path, summary, type, body }) =>
    operation({
      id,
      method: 'GET',
      path,
      tag: 'Documentation',
      summary,
      access: 'open',
      answers: { 200: { description: summary, type } },
      handle: () => ({
        status: 200,
        body: body(),
        type: `${type}; charset=utf-8`,
        headers: { 'cache-control': 'no-cache' },
      }),
    }),
  );
}
