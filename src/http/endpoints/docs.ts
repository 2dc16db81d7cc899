// The documentation of the API: the OpenAPI document, a page that renders it, and the list of problems. The pages load
// nothing from other origins.
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
  '<div id="docs"><p class="note">Loading /openapi.json …</p><noscript>This page requires JavaScript. The OpenAPI document is at <a href="/openapi.json">/openapi.json</a>.</noscript></div>\n<script src="/docs/docs.js" type="module"></script>',
);

/** The list of problems. The table has explicit roles, for the reason given in docs.js. */
function errorsPage(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) =>
      `<tr role="row" id="${code}"><td role="cell">${status}</td><td role="cell"><code>${code}</code></td><td role="cell">${title}</td></tr>`,
  );
  const heads = ['Status', 'Code', 'Meaning'].map((head) => `<th role="columnheader">${head}</th>`).join('');
  const table = `<table role="table"><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">\n${rows.join('\n')}\n</tbody></table>`;
  const intro =
    'Errors are <code>application/problem+json</code> (RFC 9457). <code>code</code> is stable. If the request is not valid, <code>errors</code> lists all errors with a JSON Pointer each.';
  return page(
    'turnkeeper problems',
    `<main class="plain"><p><a href="/docs">turnkeeper API</a></p><h1>Problems</h1><p>${intro}</p>${table}</main>`,
  );
}

interface DocsFile {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly type: string;
  readonly body: () => string;
}

/** The operations of the documentation. `openApi` returns the document of all operations, including these. */
export function docsOperations(openApi: () => string): Operation[] {
  const errors = errorsPage();
  const [script, style] = [file('docs.js'), file('docs.css')];
  const files: DocsFile[] = [
    {
      id: 'getOpenApi',
      path: '/openapi.json',
      summary: 'The OpenAPI document',
      type: 'application/json',
      body: openApi,
    },
    { id: 'getDocs', path: '/docs', summary: 'The documentation page', type: 'text/html', body: () => DOCS_PAGE },
    {
      id: 'getDocsErrors',
      path: '/docs/errors',
      summary: 'The list of problems',
      type: 'text/html',
      body: () => errors,
    },
    {
      id: 'getDocsScript',
      path: '/docs/docs.js',
      summary: 'The script of the documentation page',
      type: 'text/javascript',
      body: () => script,
    },
    {
      id: 'getDocsStyle',
      path: '/docs/docs.css',
      summary: 'The style sheet of the documentation pages',
      type: 'text/css',
      body: () => style,
    },
  ];
  return files.map(({ id, path, summary, type, body }) =>
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
