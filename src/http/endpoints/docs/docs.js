// Renders /openapi.json. All text is inserted as text nodes, never as HTML.

/** Creates an element with attributes and children. Strings become text nodes. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Converts text with code in backticks to text and code elements. */
const prose = (text = '') => text.split('`').map((part, index) => (index % 2 === 1 ? el('code', {}, part) : part));

let apiDocument = null;
const nameOf = (ref) => ref.split('/').at(-1);
const resolved = (schema) => (schema?.$ref ? apiDocument.components.schemas[nameOf(schema.$ref)] : schema);

function typeOf(schema = {}) {
  if (schema.$ref) return nameOf(schema.$ref);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum) return schema.enum.map((value) => (value === '' ? 'empty' : value)).join(' | ');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`;
  return [[schema.type ?? 'anything'].flat().join(' or '), schema.format && `(${schema.format})`]
    .filter(Boolean)
    .join(' ');
}

function limitsOf(schema) {
  const limits = [
    ['minLength', 'at least', 'characters'],
    ['maxLength', 'at most', 'characters'],
    ['maxItems', 'at most', 'items'],
    ['minimum', 'from', ''],
    ['maximum', 'to', ''],
  ];
  const known = limits.filter(([key]) => schema[key] > 0 && schema[key] < Number.MAX_SAFE_INTEGER);
  const words = known.map(([key, before, after]) => `${before} ${schema[key]} ${after}`.trim());
  if (schema.default !== undefined) words.push(`default ${schema.default}`);
  return words.join(', ');
}

// The tables have explicit roles: in a narrow window the style sheet stacks their cells (`display: flex`), and browsers then
// drop the implicit ones.
function fieldRow(name, schema, required) {
  const nested = resolved(schema);
  const limits = limitsOf(nested);
  const cell = (attributes, ...children) => el('td', { role: 'cell', ...attributes }, ...children);
  return el(
    'tr',
    { role: 'row' },
    cell({}, el('code', {}, name), required ? el('span', { class: 'required' }, ' required') : null),
    cell({ class: 'type' }, typeOf(schema), limits ? el('div', {}, limits) : null),
    cell({}, prose(schema.description ?? nested?.description)),
  );
}

function table(rows) {
  const heads = ['Name', 'Type', 'Description'].map((text) => el('th', { role: 'columnheader' }, text));
  return el(
    'table',
    { role: 'table' },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, heads)),
    el('tbody', { role: 'rowgroup' }, rows),
  );
}

function schemaView(schema) {
  const { properties = {}, required = [] } = resolved(schema) ?? {};
  const rows = Object.entries(properties).map(([name, field]) => fieldRow(name, field, required.includes(name)));
  return el(
    'div',
    { class: 'schema' },
    el('div', { class: 'type' }, typeOf(schema)),
    rows.length > 0 ? table(rows) : null,
  );
}

const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
const EXAMPLE_IDS = { user_id: 'alice' };

function curl(method, path, operation) {
  const address =
    location.origin + path.replaceAll(/\{(\w+)\}/g, (whole, name) => EXAMPLE_IDS[name] ?? `$${name.toUpperCase()}`);
  const body = operation.requestBody?.content['application/json'];
  const parts = ['curl'];
  if (method !== 'GET' && !(method === 'POST' && body)) parts.push(`-X ${method}`);
  parts.push(address.includes('$') ? `"${address}"` : address);
  if (operation.security?.length > 0) parts.push('-H "Authorization: Bearer $TURNKEEPER_KEY"');
  if (body) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body.example ?? {}))}`);
  return parts.join(' \\\n  ');
}

function responsesView(responses) {
  return Object.entries(responses).map(([status, response]) => {
    const json = response.content?.['application/json'];
    const headers = Object.entries(response.headers ?? {}).map(([name, { description }]) =>
      el('div', { class: 'note' }, el('code', {}, name), ' ', prose(description)),
    );
    const description = el('div', {}, el('strong', {}, status), ' ', prose(response.description));
    return el('div', {}, description, headers, json ? schemaView(json.schema) : null);
  });
}

function operationView(method, path, operation) {
  const id = operation.operationId;
  const parameters = (operation.parameters ?? []).map(({ name, in: location, schema, required, description }) =>
    fieldRow(`${name} (${location})`, { ...schema, ...(description && { description }) }, required),
  );
  const body = operation.requestBody?.content['application/json'];
  const head = [
    el('span', { class: `method ${method}` }, method),
    el('span', { class: 'path' }, path),
    el('span', { class: 'summary' }, operation.summary),
  ];
  return el(
    'details',
    { class: 'operation', id },
    el('summary', {}, head),
    el(
      'div',
      {},
      (operation.description ?? '').split('\n\n').map((paragraph) => el('p', {}, prose(paragraph))),
      el('pre', {}, curl(method, path, operation)),
      parameters.length > 0 ? [el('h3', {}, 'Parameters'), table(parameters)] : null,
      body ? [el('h3', {}, 'Request body'), schemaView(body.schema)] : null,
      el('h3', {}, 'Responses'),
      responsesView(operation.responses),
    ),
  );
}

function grouped({ paths }) {
  const groups = new Map();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const [tag] = operation.tags;
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push([method.toUpperCase(), path, operation]);
    }
  }
  return groups;
}

function show(root) {
  const groups = [...grouped(apiDocument)];
  const links = groups.map(([tag, operations]) => [
    el('h2', {}, tag),
    operations.map(([, , { operationId, summary }]) => el('a', { href: `#${operationId}` }, summary)),
  ]);
  const sections = groups.map(([tag, operations]) => [
    el('h2', {}, tag),
    operations.map((each) => operationView(...each)),
  ]);
  const { title, version, description } = apiDocument.info;
  const more = el(
    'p',
    {},
    el('a', { href: '/openapi.json' }, '/openapi.json'),
    ' · ',
    el('a', { href: '/docs/errors' }, 'Problems'),
  );
  const main = el(
    'main',
    {},
    el('h1', {}, `${title} API ${version}`),
    el('p', { class: 'note' }, prose(description)),
    more,
    sections,
  );
  root.replaceChildren(el('div', { class: 'layout' }, el('nav', {}, links.flat(2)), main));
}

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}

const root = document.querySelector('#docs');
try {
  apiDocument = await (await fetch('/openapi.json')).json();
  show(root);
  openTarget();
  addEventListener('hashchange', openTarget);
} catch (error) {
  root.textContent = `Could not show the OpenAPI document: ${error.message}`;
}
