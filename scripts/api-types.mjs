// Generates web/src/api/types.ts, the types of the public API for the pages and the terminal program, from the schemas
// of the OpenAPI document. Needs the pinned Node, because it imports TypeScript files.
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

/** The schemas, with their references in the form that the generator expects. */
function schemas() {
  // No operation is called, so the table needs no services.
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
// Remove the generator's root type, which has no members, and its notes about where a type is used.
const types = generated
  .replace(/export interface Api \{[^}]*\}\n/, '')
  .replaceAll(/ \* This interface was referenced by[^\n]*\n \* via the `definition`[^\n]*\n/g, '')
  .replaceAll(/\/\*\*\n \*\/\n/g, '\n');

if (process.argv.includes('--check')) {
  const current = existsSync(FILE) ? readFileSync(FILE, 'utf8') : '';
  if (current !== types) {
    console.error('web/src/api/types.ts differs from the OpenAPI document: run `npm run check -- --fix`.');
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, types);
}
