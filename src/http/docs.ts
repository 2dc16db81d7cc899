// The OpenAPI document and the pages that show it and the problems; served from here, so that they work offline.
import { readFileSync } from 'node:fs';
import { operation, type Operation } from './operation.ts';
import { PROBLEMS } from './problem.ts';

const ASSETS = {
  '/docs': { file: 'docs.html', type: 'text/html; charset=utf-8' },
  '/docs/docs.js': { file: 'docs.js', type: 'text/javascript; charset=utf-8' },
  '/docs/docs.css': { file: 'docs.css', type: 'text/css; charset=utf-8' },
} as const;

const text = (id: string, path: string, summary: string, contentType: string, body: string): Operation =>
  operation({
    id,
    method: 'get',
    path,
    tag: 'Documentation',
    summary,
    access: { kind: 'open' },
    answers: { 200: { description: summary, contentType } },
    problems: [],
    handle: async () => ({ status: 200, body, headers: { 'content-type': contentType } }),
  });

function errorsPage(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td></tr>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>turnkeeper: problems</title><link rel="stylesheet" href="/docs/docs.css">
<body><main><h1>Problems</h1><p>Every error is an <a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a> problem with one of these codes.</p>
<table><thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></main></body></html>`;
}

/** `document`: the OpenAPI document as JSON. */
export const docsOperations = (document: string): Operation[] => [
  text(
    'getOpenApi',
    '/openapi.json',
    'This API as an OpenAPI 3.1 document',
    'application/json; charset=utf-8',
    document,
  ),
  text('getErrors', '/docs/errors', 'The problems this API answers', 'text/html; charset=utf-8', errorsPage()),
  ...Object.entries(ASSETS).map(([path, { file, type }]) =>
    text(
      `get_${file.replace('.', '_')}`,
      path,
      'This API as a page',
      type,
      readFileSync(new URL(`./pages/${file}`, import.meta.url), 'utf8'),
    ),
  ),
];
