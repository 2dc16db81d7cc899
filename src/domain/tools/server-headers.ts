// The headers of requests to an MCP server, from an environment variable: a JSON object, or lines `Name: value`. No I/O.
import { z } from 'zod';

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Visible characters of Latin-1, and spaces and tabs between them. */
const VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/;
/** Headers that the protocol sets. */
const RESERVED =
  'host content-length content-type transfer-encoding connection accept mcp-session-id mcp-protocol-version'.split(' ');

export interface ServerHeaders {
  readonly headers: Readonly<Record<string, string>>;
  readonly fault?: string;
}

function pairsIn(text: string): readonly (readonly [name: string, value: string])[] | null {
  if (!text.trimStart().startsWith('{')) {
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
    return lines.map((line) => {
      const [, name = '', value = ''] = /^([^:]*):(.*)$/.exec(line) ?? [];
      return [name.trim(), value.trim()];
    });
  }
  try {
    return Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(text)));
  } catch {
    return null;
  }
}

/** The headers in the text, or what is wrong with it. The fault contains no value. */
export function headersIn(text: string): ServerHeaders {
  const pairs = pairsIn(text);
  if (pairs === null) return { headers: {}, fault: 'must be a JSON object of texts, or lines such as Name: value' };
  const wrong = pairs.find(([name, value]) => !NAME.test(name) || !VALUE.test(value));
  if (wrong) return { headers: {}, fault: 'has a header with an invalid name or value' };
  const names = pairs.map(([name]) => name.toLowerCase());
  if (new Set(names).size < names.length) return { headers: {}, fault: 'has a header twice' };
  const reserved = names.find((name) => RESERVED.includes(name));
  if (reserved !== undefined) return { headers: {}, fault: `has the header ${reserved}, which turnkeeper sets` };
  return { headers: Object.fromEntries(pairs) };
}
