// Generates two files for the pages and the terminal program: web/src/api/types.ts, the types of the public API, from the
// schemas of the OpenAPI document, and web/src/api/limits.ts from src/domain/limits.ts. Needs the pinned Node, because it
// imports TypeScript files.
//
//   node scripts/api-types.mjs            writes the files
//   node scripts/api-types.mjs --check    exit code 1 if a file is not up to date
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';
import { MESSAGE_LIMITS, NOTE_CHARACTERS, USER_ID_PATTERN, USER_ID_RULE } from '../src/domain/limits.ts';
import { openApiDocument } from '../src/http/openapi.ts';
import { operationsOf } from '../src/http/operations.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BANNER = (source) => `// Generated from ${source} by \`npm run check -- --fix\`. Do not edit.`;

/** The schemas, with their references in the form that the generator expects. */
function schemas() {
  // No operation is called, so the table needs no services.
  const operations = operationsOf({}, { version: '0.0.0', pages: new Map() });
  const { components } = openApiDocument(operations, '0.0.0');
  return JSON.parse(JSON.stringify(components.schemas).replaceAll('#/components/schemas/', '#/definitions/'));
}

const generated = await compile({ definitions: schemas() }, 'Api', {
  bannerComment: BANNER('the OpenAPI document'),
  unreachableDefinitions: true,
  additionalProperties: false,
  style: { singleQuote: true, printWidth: 120 },
});
// Remove the generator's root type, which has no members, and its notes about where a type is used.
const types = generated
  .replace(/export interface Api \{[^}]*\}\n/, '')
  .replaceAll(/ \* This interface was referenced by[^\n]*\n \* via the `definition`[^\n]*\n/g, '')
  .replaceAll(/\/\*\*\n \*\/\n/g, '\n');

const text = (value) => `'${value.replaceAll('\\', '\\\\')}'`;
const limits = `${BANNER('src/domain/limits.ts')}

/** Maximum characters of a message and of an edited reply. */
export const TEXT_CHARACTERS = ${MESSAGE_LIMITS.textCharacters};

/** Maximum characters of a reviewer's note. */
export const NOTE_CHARACTERS = ${NOTE_CHARACTERS};

/** For the \`pattern\` attribute of an input, where a hyphen must be escaped. */
export const USER_ID_PATTERN = ${text(USER_ID_PATTERN.replace('-]', '\\-]'))};
export const USER_ID_RULE = ${text(USER_ID_RULE)};
`;

for (const [path, content] of Object.entries({ 'web/src/api/types.ts': types, 'web/src/api/limits.ts': limits })) {
  const file = join(ROOT, path);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, content);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== content) {
    console.error(`${path} is not up to date: run \`npm run check -- --fix\`.`);
    process.exitCode = 1;
  }
}
