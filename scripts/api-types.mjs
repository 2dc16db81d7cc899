// The types of the public API, for the pages and the terminal program: web/src/api/types.ts, generated from the schemas
// of the OpenAPI document. Runs on the pinned Node, since it imports the table of operations.
//
//   node scripts/api-types.mjs            writes the file
//   node scripts/api-types.mjs --check    exit code 1 if the file is not up to date
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';
import { openApiDocument } from '../src/http/openapi.ts';
import { operationsOf } from '../src/http/operations.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE = join(ROOT, 'web/src/api/types.ts');
const BANNER = '// Generated from the OpenAPI document by `npm run check -- --fix`. Do not edit.';

/** The schemas with their references rewritten to where the generator looks for them. */
function schemas() {
  // The table is only described, never called: it needs no services.
  const operations = operationsOf({}, { version: '0.0.0', model: 'turnkeeper', pages: new Map() });
  const { components } = openApiDocument(operations, '0.0.0');
  return JSON.parse(JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/definitions/'));
}

const generated = await compile({ definitions: schemas() }, 'Api', {
  bannerComment: BANNER,
  unreachableDefinitions: true,
  additionalProperties: false,
  style: { singleQuote: true, printWidth: 120 },
});
// The generator's own root type has no members, and its notes on where a type is used say nothing new.
const types = generated
  .replace(/export interface Api \{[^}]*\}\n/, '')
  .replaceAll(/ \* This interface was referenced by[^\n]*\n \* via the `definition`[^\n]*\n/g, '')
  .replaceAll(/\/\*\*\n \*\/\n/g, '\n');

if (process.argv.includes('--check')) {
  const current = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
  if (current !== types) {
    console.error('web/src/api/types.ts is not what the OpenAPI document says: run `npm run check -- --fix`.');
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, types);
}
