// The OpenAPI 3.1 document, made from the same table as the routes.
import { z } from 'zod';
import type { AnswerDoc, Operation } from './operation.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';

type Json = Record<string, unknown>;

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

const idOf = (schema: z.ZodType): string | undefined => schema.meta()?.id;
const refTo = (id: string) => ({ $ref: `#/components/schemas/${id}` });

/** Named schemas as components: what is asked for as its input, what is answered as its output. */
function components(schemas: readonly z.ZodType[], io: 'input' | 'output'): Json {
  const registry = z.registry<{ id: string }>();
  for (const schema of schemas) {
    const id = idOf(schema);
    if (id !== undefined && !registry.has(schema)) registry.add(schema, { id });
  }
  const { schemas: made } = z.toJSONSchema(registry, {
    io,
    uri: (id) => `#/components/schemas/${id}`,
    unrepresentable: 'any',
  });
  return Object.fromEntries(Object.entries(made).map(([id, { $id, $schema, ...schema }]) => [id, schema]));
}

function inlineSchema(schema: z.ZodType): Json {
  const { $schema, ...json } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json;
  return json;
}

function parameters(place: 'path' | 'query' | 'header', schema: z.ZodType | undefined): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = inlineSchema(schema) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: property,
  }));
}

function answer({ description, schema, contentType = 'application/json' }: AnswerDoc): Json {
  const shape = schema ? refTo(idOf(schema)!) : undefined;
  const content = shape
    ? { [contentType]: { schema: shape } }
    : contentType === 'application/json'
      ? undefined
      : { [contentType]: { schema: { type: 'string' } } };
  return { description, ...(content ? { content } : {}) };
}

/** Problems that any operation of this shape may answer, besides its own. */
function problemsOf(operation: Operation): ProblemCode[] {
  return [
    ...(operation.params || operation.query || operation.body ? (['invalid_request'] as const) : []),
    ...(operation.body ? (['invalid_json', 'body_too_large', 'unsupported_media_type'] as const) : []),
    ...(operation.access.kind === 'open' ? [] : (['unauthenticated', 'forbidden'] as const)),
    ...(operation.access.owner === 'path' || operation.access.owner === 'body' ? (['user_not_found'] as const) : []),
    ...operation.problems,
  ];
}

function problemAnswers(operation: Operation): Json {
  const byStatus = Map.groupBy(problemsOf(operation), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
        content: { 'application/problem+json': { schema: refTo('Problem') } },
      },
    ]),
  );
}

function describe(operation: Operation): Json {
  const body = operation.body && {
    required: true,
    content: {
      'application/json': {
        schema: refTo(idOf(operation.body)!),
        ...(operation.example ? { example: operation.example } : {}),
      },
    },
  };
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    parameters: [
      ...parameters('path', operation.params),
      ...parameters('query', operation.query),
      ...parameters('header', operation.headers),
    ],
    ...(body ? { requestBody: body } : {}),
    responses: {
      ...problemAnswers(operation),
      ...Object.fromEntries(Object.entries(operation.answers).map(([status, doc]) => [status, answer(doc)])),
    },
    security: operation.access.kind === 'open' ? [] : [{ key: [] }],
  };
}

/** The document of these operations. */
export function openApiOf(operations: readonly Operation[], version: string): Json {
  const answered = operations.flatMap(({ answers }) =>
    Object.values(answers).flatMap(({ schema }) => (schema ? [schema] : [])),
  );
  const asked = operations.flatMap(({ body }) => (body ? [body] : []));
  const paths: Record<string, Json> = {};
  for (const operation of operations) (paths[operation.path] ??= {})[operation.method] = describe(operation);
  return {
    openapi: '3.1.0',
    info: {
      title: 'turnkeeper',
      version,
      description:
        'Durable, ordered, reviewed chat turns. Errors are RFC 9457 problems; every code is explained at /docs/errors.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { ...components([...answered, problemSchema], 'output'), ...components(asked, 'input') },
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key of API_KEYS; none is asked for with AUTH=none.' },
      },
    },
  };
}
