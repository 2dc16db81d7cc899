// Reads and validates the input of an operation. An invalid request is rejected with all its errors at once.
import type Koa from 'koa';
import type { z } from 'zod';
import { BODY_LIMIT_BYTES, bodyReader, type ReadBody } from './body.ts';
import { faultsOf, messageOf, withoutRepeats } from './faults.ts';
import { NOTHING, type Input, type Operation } from './operation.ts';
import { invalidRequest, type Fault } from './problem.ts';
import { readQuery } from './query-string.ts';
import { unstorableParts } from './storable-json.ts';

export type PathValues = Readonly<Record<string, string>>;

export interface ValidInput {
  readonly input: Input<Record<string, unknown>, Record<string, unknown>, Record<string, unknown>, unknown>;
  readonly sentBody: unknown;
}

const NO_VALUES: Record<string, unknown> = {};
const NO_BODY: ReadBody = { value: null, source: '' };

function check<S extends z.ZodType>(schema: S, value: unknown, root: string, faults: Fault[]): z.output<S> | undefined {
  const result = schema.safeParse(value, { error: messageOf });
  if (result.success) return result.data;
  faults.push(...faultsOf(result.error, root));
  return undefined;
}

/** Returns a function that reads and validates the requests of one operation. It throws Problem. */
export function inputReader({ params, query, headers, body, bodyBytes, storedMembers }: Operation) {
  const readBody = bodyReader(bodyBytes ?? BODY_LIMIT_BYTES);
  const headerNames = Object.keys(headers.shape);
  const pickHeaders = (ctx: Koa.Context) =>
    Object.fromEntries(
      headerNames.filter((name) => ctx.headers[name] !== undefined).map((name) => [name, ctx.get(name)]),
    );

  return async (ctx: Koa.Context, pathValues: PathValues): Promise<ValidInput> => {
    const sent = body ? await readBody(ctx) : NO_BODY;
    const faults: Fault[] = [];
    const inPath = params === NOTHING ? NO_VALUES : check(params, pathValues, '/path', faults);
    const { querystring } = ctx;
    const inQuery =
      query === NOTHING && querystring === ''
        ? NO_VALUES
        : check(query, readQuery(querystring, faults), '/query', faults);
    const inHeaders = headerNames.length === 0 ? NO_VALUES : check(headers, pickHeaders(ctx), '/header', faults);
    faults.push(...unstorableParts(sent.value, sent.source, storedMembers ?? null));
    const inBody = body ? check(body, sent.value, '', faults) : null;
    if (faults.length > 0 || !inPath || !inQuery || !inHeaders) throw invalidRequest(withoutRepeats(faults));
    return { input: { path: inPath, query: inQuery, headers: inHeaders, body: inBody }, sentBody: sent.value };
  };
}
