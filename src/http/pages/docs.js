// Shows /openapi.json: operations by tag, with parameters, body, answers and a curl to copy. No library, no network beyond it.
const make = (name, attributes, ...children) => {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...children);
  return element;
};
const table = (head, rows) =>
  make(
    'table',
    {},
    make('thead', {}, make('tr', {}, ...head.map((text) => make('th', { textContent: text })))),
    make(
      'tbody',
      {},
      ...rows.map((cells) => make('tr', {}, ...cells.map((cell) => make('td', { textContent: cell ?? '' })))),
    ),
  );
const typeOf = (schema) =>
  schema.$ref?.split('/').pop() ?? [schema.type, schema.pattern, schema.enum?.join(' | ')].filter(Boolean).join(' ');

function curlOf(path, method, operation) {
  const example = operation.requestBody?.content['application/json'].example;
  const target =
    location.origin +
    path.replaceAll('{user_id}', 'alice').replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000');
  const verb = method === 'get' ? '' : ` -X ${method.toUpperCase()}`;
  const body = operation.requestBody
    ? ` \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(example ?? {})}'`
    : '';
  return `curl -s${verb} ${target}${body}`;
}

function show(path, method, operation, schemas) {
  const parts = [make('p', { textContent: operation.summary })];
  if (operation.parameters.length > 0) {
    parts.push(
      table(
        ['parameter', 'in', 'type', 'meaning'],
        operation.parameters.map((p) => [p.name + (p.required ? '' : '?'), p.in, typeOf(p.schema), p.description]),
      ),
    );
  }
  const asked = operation.requestBody?.content['application/json'].schema.$ref?.split('/').pop();
  if (asked)
    parts.push(
      make('p', { textContent: `Body: ${asked}` }),
      make('pre', { textContent: JSON.stringify(schemas[asked], null, 2) }),
    );
  parts.push(
    table(
      ['answer', 'body', 'meaning'],
      Object.entries(operation.responses).map(([status, answer]) => [
        status,
        Object.values(answer.content ?? {})
          .map((c) => typeOf(c.schema))
          .join(),
        answer.description,
      ]),
    ),
  );
  parts.push(make('pre', { textContent: curlOf(path, method, operation) }));
  const title = make(
    'summary',
    {},
    make('span', { className: 'method', textContent: method }),
    make('code', { textContent: path }),
  );
  return make('details', { id: operation.operationId }, title, make('div', {}, ...parts));
}

const page = document.getElementById('page');
try {
  const api = await (await fetch('/openapi.json')).json();
  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  page.replaceChildren(
    make('h1', { textContent: `${api.info.title} ${api.info.version}` }),
    make('p', { textContent: api.info.description }),
    make(
      'p',
      {},
      make('a', { href: '/openapi.json', textContent: 'openapi.json' }),
      ' · ',
      make('a', { href: '/docs/errors', textContent: 'problems' }),
    ),
    ...api.tags.flatMap(({ name }) => [
      make('h2', { textContent: name }),
      ...all
        .filter(({ operation }) => operation.tags.includes(name))
        .map(({ path, method, operation }) => show(path, method, operation, api.components.schemas)),
    ]),
    make('h2', { textContent: 'Schemas' }),
    ...Object.entries(api.components.schemas).map(([name, schema]) =>
      make(
        'details',
        {},
        make('summary', {}, make('code', { textContent: name })),
        make('pre', { textContent: JSON.stringify(schema, null, 2) }),
      ),
    ),
  );
} catch (error) {
  page.replaceChildren(make('p', { textContent: `The API document could not be loaded: ${error.message}` }));
}
