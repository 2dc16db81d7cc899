// What a failed call means: the errors that endpoints report, and those of the connection. Pure.
import { APIConnectionError, APIError } from 'openai';
import { membersOf, type Members } from './dialects.ts';
import { ModelError, type ModelErrorCode } from './model.ts';
import type { Refusal } from './profile.ts';
import { waitOf } from './waits.ts';

interface Meaning {
  readonly code: ModelErrorCode;
  readonly detail: string;
  readonly retryable: boolean;
}

const final = (code: ModelErrorCode, detail: string): Meaning => ({ code, detail, retryable: false });
const passing = (code: ModelErrorCode, detail: string): Meaning => ({ code, detail, retryable: true });

const UNAUTHORIZED = final('model_unauthorized', 'the model endpoint refused the key');
const DENIED = final('model_unauthorized', 'the model endpoint denied access');
const NOT_FOUND = final('model_not_found', 'the model endpoint does not know the model or the path');
const REFUSED = final('model_refused', 'the model endpoint refused the content');
const EXHAUSTED = final('model_quota_exhausted', 'the quota at the model endpoint is used up');
const TOO_LONG = final('model_context_too_long', 'the prompt is too long for the model');
const CLIENT_FAULT = final('model_invalid_request', 'the model endpoint refused the request');
const LIMITED = passing('model_rate_limited', 'the model endpoint accepts no more requests at the moment');
const MALFORMED_CALL = passing('model_malformed_reply', 'the model wrote a tool call that cannot be read');
const SERVER_FAULT = passing('model_unavailable', 'the model endpoint failed');

/** Statuses with a specific meaning. Any other 4xx is a fault of our request, any other 5xx one of the endpoint. */
const BY_STATUS: Readonly<Record<number, Meaning>> = {
  401: UNAUTHORIZED,
  402: EXHAUSTED,
  403: DENIED,
  404: NOT_FOUND,
  407: DENIED,
  408: passing('model_timeout', 'the model endpoint timed out'),
  409: passing('model_unavailable', 'the model endpoint reported a conflict'),
  410: NOT_FOUND,
  413: TOO_LONG,
  425: passing('model_unavailable', 'the model endpoint is not ready'),
  429: LIMITED,
  451: REFUSED,
  499: passing('model_unavailable', 'the model endpoint cancelled the request'),
  501: CLIENT_FAULT,
  505: CLIENT_FAULT,
  529: passing('model_unavailable', 'the model endpoint is overloaded'),
};

/** One pattern of several. */
const anyOf = (...patterns: readonly RegExp[]): RegExp =>
  new RegExp(patterns.map(({ source }) => source).join('|'), 'i');

interface Row {
  readonly meaning: Meaning;
  /** Codes and types of errors, without case and punctuation. */
  readonly words: readonly string[];
  /** What the text of the error says, for endpoints that use one code for all errors. */
  readonly text?: RegExp;
}

/** Reasons that are more specific than the status. The first row that matches decides. */
const SPECIFIC: readonly Row[] = [
  { meaning: MALFORMED_CALL, words: ['toolusefailed', 'malformedfunctioncall'] },
  {
    meaning: REFUSED,
    words: ['contentfilter', 'contentpolicyviolation', 'moderationblocked', 'responsibleaipolicyviolation'].concat([
      'datainspectionfailed',
      'contentpolicy',
      'contentmoderation',
      'promptblocked',
    ]),
    text: /content exists risk|content management policy|\b(?:input|output|prompt|content|message) (?:was |is |has been )?(?:flagged|blocked)\b/i,
  },
  {
    meaning: EXHAUSTED,
    words: [
      'insufficientquota',
      'billinghardlimitreached',
      'billingnotactive',
      'insufficientuserquota',
      'arrearage',
    ].concat(['insufficientbalance', 'insufficientcredits', 'exceededcurrentquotaerror', 'paymentrequired']),
    text: anyOf(
      // Google says the same of limits for a minute, and when they end.
      /exceeded your current quota(?![\s\S]*\bretry in \d)/,
      /credit balance is too low|insufficient (?:account )?balance|余额不足/,
      /monthly spending limit|used all available credits/,
    ),
  },
  {
    meaning: TOO_LONG,
    words: ['contextlengthexceeded', 'exceedcontextsizeerror', 'tokenslimitreached', 'contextwindowexceeded'].concat([
      'contextwindowexceedederror',
      'modelmaxprompttokensexceeded',
    ]),
    text: anyOf(
      /maximum (?:context|prompt|model|input) length|context ?window ?exceeded/,
      /context (?:length|window|size|limit)(?:[^.]{0,40} exceed| of only \d)/,
      /(?:exceeds?|longer|greater|only)[^.]{0,60} context (?:length|window|size|limit)/,
      /\b(?:prompt|input)(?: is)? too long|too many (?:input|prompt) tokens|too many tokens[^.]{0,60} prompt/,
      // `input token count (9000) exceeds`, `prompt length 9000 is greater than`
      /\b(?:prompt|input)(?: (?:tokens?|length|count|of|\(?\d+(?: tokens)?\)?)){0,5} (?:exceeds?|is (?:greater|longer) than)\b/,
      /input length should be|model token limit|exceed max message tokens|max_tokens must be at least 1, got -/,
      /`inputs`[^.]{0,60} must (?:have less than|be <=) |reduce the length of the (?:messages|prompt|input)/,
    ),
  },
];

/** Reasons of errors that have no status, or one for all faults of requests. */
const GENERAL: readonly Row[] = [
  {
    meaning: LIMITED,
    words: ['ratelimitexceeded', 'ratelimiterror', 'toomanyrequests', 'resourceexhausted', 'throttling'].concat([
      'throttlingexception',
    ]),
  },
  {
    meaning: UNAUTHORIZED,
    words: ['invalidapikey', 'apikeyinvalid', 'authenticationerror', 'unauthorized', 'unauthenticated'],
    text: /(?:incorrect|invalid) api key|api key (?:is )?(?:not valid|invalid)/i,
  },
  { meaning: DENIED, words: ['permissionerror', 'permissiondenied', 'accessdenied', 'forbidden'] },
  {
    meaning: NOT_FOUND,
    words: ['modelnotfound', 'notfounderror', 'notfound', 'modelnotexist', 'invalidmodel', 'modelnotsupported'],
    text: /\bmodel (?:does )?not (?:exist|found)|not a valid model\b|invalid model(?:$|:| id| name| ['"`])/im,
  },
  {
    meaning: CLIENT_FAULT,
    words: ['invalidrequesterror', 'invalidargument', 'badrequest', 'badrequesterror', 'invalidparameter'].concat([
      'validationerror',
      'unsupportedparameter',
      'unsupportedvalue',
      'unprocessableentity',
    ]),
  },
];

/** An error that an endpoint reported. */
export interface Report {
  /** Null: it was in a response of status 200. */
  readonly status: number | null;
  /** The JSON value, or the text if it is not JSON. */
  readonly body: unknown;
  readonly retryAfterMs: number | null;
}

/** Members in which endpoints repeat our request. */
const REPEATED = new Set(['input', 'body', 'request', 'messages', 'choices', 'ctx', 'url']);
const DEPTH = 5;
const MAX_PARTS = 200;

/** The objects of an error and their members, outermost first. Some endpoints put errors into errors and lists. */
function partsOf(body: unknown): (readonly [name: string, value: unknown])[] {
  const parts: (readonly [string, unknown])[] = [];
  let level: readonly (readonly [string, unknown])[] = [['message', body]];
  for (let depth = 0; depth < DEPTH && level.length > 0 && parts.length < MAX_PARTS; depth += 1) {
    parts.push(...level);
    level = level.flatMap(([name, value]) =>
      Array.isArray(value)
        ? value.map((item: unknown) => [name, item] as const)
        : Object.entries(membersOf(value)).filter(([member]) => !REPEATED.has(member)),
    );
  }
  return parts.slice(0, MAX_PARTS);
}

const CODES = new Set(['code', 'type', 'status', 'reason', 'error_code', 'status_code', 'err_code', 'error']);
const TEXTS = new Set(['message', 'msg', 'detail', 'error', 'error_msg', 'status_msg', 'title', 'errors', 'raw']);
/** Texts are searched up to this length. */
const TEXT_LIMIT = 10_000;

const wordOf = (value: unknown): string =>
  String(value)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');
const isWord = (value: unknown): boolean => ['string', 'number'].includes(typeof value);

/** Statuses with which an endpoint, or a gateway before it, gives up on a request on which the model may have worked. */
const MAYBE_WORKED = new Set([408, 499, 502, 504, 524]);

/** Converts an error that an endpoint reported. */
export function reportedError({ status, body, retryAfterMs: afterMs }: Report): ModelError {
  const parts = partsOf(body);
  const codes = parts.filter(([name, value]) => CODES.has(name) && isWord(value)).map(([, value]) => value);
  const words = new Set(codes.map(wordOf));
  const texts = parts.filter(([name, value]) => TEXTS.has(name) && typeof value === 'string');
  const text = texts.map(([, value]) => (value as string).slice(0, TEXT_LIMIT)).join('\n');
  const among = (rows: readonly Row[]): Meaning | undefined =>
    rows.find((row) => row.words.some((word) => words.has(word)) || row.text?.test(text))?.meaning;
  const statusOf = status ?? codes.map(Number).find((code) => code >= 400 && code < 600);
  const ofStatus = statusOf === undefined ? SERVER_FAULT : meaningOfStatus(statusOf);
  const isVague = statusOf === undefined || ofStatus === CLIENT_FAULT;
  const meaning = (status === 413 ? TOO_LONG : among(SPECIFIC)) ?? (isVague ? among(GENERAL) : undefined) ?? ofStatus;
  // An error with another reason may mention parameters, such as the limit of output tokens if the prompt is too long.
  const mayRefuse = meaning === CLIENT_FAULT || meaning === SERVER_FAULT;
  const said = refusalIn(parts);
  const isShown = meaning === SERVER_FAULT && !REFUSES.test(text);
  return new ModelError(meaning.code, meaning.detail, {
    retryable: meaning.retryable,
    retryAfterMs: afterMs,
    refusal: mayRefuse ? { ...said, text: isShown ? '' : said.text } : null,
    unbilled: status !== null && !MAYBE_WORKED.has(status),
  });
}

/** Servers that fail for another reason may show their code, which has the names of parameters. */
const REFUSES =
  /\bnot (?:be )?(?:supported|allowed|permitted|accepted|recognized)|\b(?:un|does not |doesn't )support|\bun(?:known|recognized|expected)\b|\bextra (?:inputs|fields)\b|\btools? param(?:eter)? requires\b|\broles?\b/i;

function meaningOfStatus(status: number): Meaning {
  const meaning = BY_STATUS[status] ?? (status >= 400 && status < 500 ? CLIENT_FAULT : SERVER_FAULT);
  // A redirect that could not be followed.
  return status < 400 ? { ...meaning, retryable: false } : meaning;
}

/** Members of errors that name a member of the request. */
const MEMBER_NAMES = new Set(['param', 'parameter', 'field', 'loc', 'path']);

function refusalIn(parts: readonly (readonly [string, unknown])[]): Refusal {
  const words = parts.filter(([, value]) => isWord(value)).map(([name, value]) => [name, String(value)] as const);
  return {
    members: words.filter(([name]) => MEMBER_NAMES.has(name)).map(([, value]) => value),
    text: parts
      .flatMap(([name, value]) => [name, ...(isWord(value) ? [String(value).slice(0, TEXT_LIMIT)] : [])])
      .join('\n'),
  };
}

/** With these there was no connection, so nothing was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']).add(
  'UND_ERR_CONNECT_TIMEOUT',
);

/** Whether the endpoint redirects to itself, or to what is no address: undici refuses to follow. */
const isUselessRedirect = (cause: unknown): boolean =>
  ['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL'].includes(String(membersOf(cause)['code']));

/** Converts any error of an attempt to a ModelError. `timedOut`: our own timeout ended the attempt. */
export function failureOf(error: unknown, timedOut: boolean, now: number): ModelError {
  if (error instanceof ModelError) return error;
  const caused = (code: ModelErrorCode, detail: string) =>
    new ModelError(code, detail, { retryable: true, cause: error });
  if (timedOut) return caused('model_timeout', 'the model did not answer in time');
  if (error instanceof APIConnectionError) {
    const unbilled = NOT_SENT.has(String(membersOf(error.cause)['code']));
    if (!isUselessRedirect(error.cause)) {
      const detail = 'the model endpoint cannot be reached';
      return new ModelError('model_unavailable', detail, { retryable: true, unbilled, cause: error });
    }
    const detail = 'the model endpoint redirects to an address that cannot be called';
    return new ModelError('model_unavailable', detail, { retryable: false, unbilled: true, cause: error });
  }
  if (error instanceof APIError) {
    const { status, headers, error: body } = error as APIError<number | undefined, Headers | undefined, Members>;
    return reportedError({ status: status ?? null, body, retryAfterMs: waitOf(status, headers, now) });
  }
  if (error instanceof SyntaxError)
    return caused('model_malformed_reply', 'the model endpoint sent an invalid response');
  // If the connection breaks during a stream, the error is one of the transport.
  return caused('model_unavailable', 'the connection to the model endpoint broke');
}
