// OpenAPI 3.1 from the table of operations: what is documented is what is routed and validated.
import { z } from 'zod';
import { rolesFor } from './auth/access.ts';
import type { AnswerSpec, Operation } from './operation.ts';
import { PROBLEMS, Problem, type ProblemCode } from './problem.ts';
import { problemShapeAt } from './problem-shapes.ts';
import { COMPONENTS } from './schemas.ts';
import { SESSION_COOKIE } from './auth/session-cookie.ts';

type Json = Record<string, unknown>;

const uriOf = (id: string): string => `#/components/schemas/${id}`;

function refTo(schema: z.ZodType): Json {
  const id = COMPONENTS.get(schema)?.id;
  if (!id) throw new Error('the schema of a body must be registered as a component');
  return { $ref: uriOf(id) };
}

/** Input side: what clients must send, and answers that may grow. */
const asInput = { io: 'input' } as const;

function components(): Json {
  const { schemas } = z.toJSONSchema(COMPONENTS, { uri: uriOf, ...asInput });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}

function parameters(place: 'path' | 'query' | 'header', object: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(object, asInput);
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = typeof property === 'object' ? property : {};
    const shown = place === 'header' ? name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name;
    const parameter = { name: shown, in: place, required: place === 'path' || required.includes(name), schema };
    return description === undefined ? parameter : { ...parameter, description };
  });
}

const headersOf = (headers: Readonly<Record<string, string>>): Json =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );

function answerOf({ description, schema, type, headers }: AnswerSpec): Json {
  const content = {
    ...(schema && { 'application/json': { schema: refTo(schema) } }),
    ...(type && { [type]: { schema: { type: 'string' } } }),
  };
  const has = Object.keys(content).length > 0;
  return { description, ...(headers && { headers: headersOf(headers) }), ...(has && { content }) };
}

/** Its own problems, and those that follow from what it takes and who may call it. */
function problemCodes({ access, params, query, headers, body, problems }: Operation): ProblemCode[] {
  const takes = [params, query, headers].some(({ shape }) => Object.keys(shape).length > 0) || body !== null;
  const codes: ProblemCode[] = ['invalid_request', 'foreign_origin', 'internal_error', ...problems];
  if (takes && Object.keys(params.shape).length > 0) codes.push('malformed_path');
  if (body) codes.push('invalid_json', 'body_too_large', 'unsupported_media_type');
  if (access !== 'open') codes.push('unauthorized', 'forbidden');
  if (access !== 'open' && access.owner === 'path') codes.push('user_not_found');
  return [...new Set(codes)];
}

const PROBLEM_HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'How to authenticate.' },
  429: { 'Retry-After': 'Seconds after which to try again.' },
  503: { 'Retry-After': 'Seconds after which to try again.' },
};

function problemAnswers(op: Operation): Json {
  const byStatus = Map.groupBy(problemCodes(op), (code) => PROBLEMS[code].status);
  const shape = problemShapeAt(op.path);
  const answers = [...byStatus].map(([status, codes]) => {
    const examples = Object.fromEntries(codes.map((code) => [code, { value: shape.document(new Problem(code, '…')) }]));
    const headers = PROBLEM_HEADERS[status];
    const answer = {
      description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
      ...(headers && { headers: headersOf(headers) }),
      content: { [shape.type]: { schema: refTo(shape.schema), examples } },
    };
    return [String(status), answer];
  });
  return Object.fromEntries(answers) as Json;
}

function describe({ description, access }: Operation): string {
  const roles = rolesFor(access);
  const who =
    access === 'open'
      ? 'Open to everybody.'
      : `For ${roles.join(', ')}${roles.includes('user') ? ' (a user: own things only)' : ''}.`;
  return description === '' ? who : `${description}\n\n${who}`;
}

function operationObject(op: Operation): Json {
  const taken = [
    ...parameters('path', op.params),
    ...parameters('query', op.query),
    ...parameters('header', op.headers),
  ];
  const answers = Object.entries(op.answers).map(([status, spec]) => [status, answerOf(spec)]);
  const content = op.body && {
    'application/json': { schema: refTo(op.body), ...(op.example !== undefined && { example: op.example }) },
  };
  return {
    operationId: op.id,
    tags: [op.tag],
    summary: op.summary,
    description: describe(op),
    ...(taken.length > 0 && { parameters: taken }),
    ...(content && { requestBody: { required: true, content } }),
    responses: { ...problemAnswers(op), ...(Object.fromEntries(answers) as Json) },
    security: op.access === 'open' ? [] : [{ apiKey: [] }, { session: [] }],
  };
}

const ABOUT =
  'Durable, ordered, reviewed chat turns. JSON in and out; errors are problem+json with every fault at once (below `/v1` in the shape of OpenAI); unknown fields are refused; paths work with and without a trailing slash. ' +
  'A `HEAD` works wherever a `GET` does. Without authentication (`AUTH=none`) everybody is admin.';

/** The OpenAPI 3.1 document of the operations. */
export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const op of operations) (paths[op.path] ??= {})[op.method.toLowerCase()] = operationObject(op);
  return {
    openapi: '3.1.0',
    info: {
      title: 'turnkeeper',
      version,
      description: ABOUT,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key with `AUTH=keys`, a signed token with `AUTH=jwt`.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description:
            'What `POST /session` set. What changes something must then come from a page of ours (`Sec-Fetch-Site` or `Origin`).',
        },
      },
    },
  };
}
