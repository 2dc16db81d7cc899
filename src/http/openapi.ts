// Generates the OpenAPI 3.1 document from the table of operations, which also defines routes and validation.
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

/** The input side of the schemas: what clients must send. In responses, unlisted properties stay allowed. */
const asInput = { io: 'input' } as const;

function components(): Json {
  const { schemas } = z.toJSONSchema(COMPONENTS, { uri: uriOf, ...asInput });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _schema, $id: _id, ...schema }]) => [id, schema]),
  );
}

function parameters(location: 'path' | 'query' | 'header', object: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(object, asInput);
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = typeof property === 'object' ? property : {};
    const shownName = location === 'header' ? name.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name;
    const isRequired = location === 'path' || required.includes(name);
    const parameter = { name: shownName, in: location, required: isRequired, schema };
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
  const hasContent = Object.keys(content).length > 0;
  return { description, ...(headers && { headers: headersOf(headers) }), ...(hasContent && { content }) };
}

/** An operation that writes to what these name may lose its outcome. */
const WRITTEN: ReadonlySet<ProblemCode> = new Set(['database_unavailable', 'actors_unavailable']);

/** The problems of the operation itself, and those that follow from its method, its input and its access rule. */
function problemCodes({ method, access, params, query, headers, body, problems }: Operation): ProblemCode[] {
  const hasInput = [params, query, headers].some(({ shape }) => Object.keys(shape).length > 0) || body !== null;
  const codes: ProblemCode[] = ['invalid_request', 'foreign_origin', 'internal_error', ...problems];
  if (method !== 'GET' && problems.some((code) => WRITTEN.has(code))) codes.push('outcome_unknown');
  if (hasInput && Object.keys(params.shape).length > 0) codes.push('malformed_path');
  if (body) codes.push('invalid_json', 'body_too_large', 'unsupported_media_type');
  if (access !== 'open') codes.push('unauthorized', 'forbidden');
  if (access !== 'open' && access.owner === 'path') codes.push('user_not_found');
  return [...new Set(codes)];
}

const PROBLEM_HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'The authentication scheme.' },
  429: { 'Retry-After': 'Seconds to wait before a retry.' },
  503: { 'Retry-After': 'Seconds to wait before a retry.' },
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
  const rights =
    access === 'open'
      ? 'No authentication required.'
      : `Roles: ${roles.join(', ')}${roles.includes('user') ? ' (user: only own resources)' : ''}.`;
  return description === '' ? rights : `${description}\n\n${rights}`;
}

function operationObject(op: Operation): Json {
  const inputs = [
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
    ...(inputs.length > 0 && { parameters: inputs }),
    ...(content && { requestBody: { required: true, content } }),
    responses: { ...problemAnswers(op), ...(Object.fromEntries(answers) as Json) },
    security: op.access === 'open' ? [] : [{ apiKey: [] }, { session: [] }],
  };
}

const ABOUT =
  'Durable, ordered, reviewed chat turns. Requests and responses are JSON. Errors are problem+json and list all validation errors of a request; below `/v1` they have OpenAI’s format. ' +
  'Unknown fields are rejected. Paths work with and without a trailing slash. `HEAD` works for every `GET`. Without authentication (`AUTH=none`) every caller is admin.';

/** Returns the OpenAPI 3.1 document of the operations. */
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
          description: 'An API key (`AUTH=keys`) or a signed token (`AUTH=jwt`).',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: SESSION_COOKIE,
          description:
            'The cookie that `POST /session` sets. With it, requests that change data must come from a page of this server (`Sec-Fetch-Site` or `Origin`).',
        },
      },
    },
  };
}
