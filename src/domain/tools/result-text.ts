// What a tool returned, as text that can be stored and shown to a model. No I/O.
import { storableText } from '../text.ts';
import type { ToolResult } from './tool.ts';

/** Maximum of UTF-8 bytes of a result, and of the text of an error. */
const RESULT_BYTES = 64 * 1024;
export const ERROR_BYTES = 4 * 1024;
/** This much of a body is read: enough for RESULT_BYTES, with a part of a character. */
export const READ_BYTES = RESULT_BYTES + 4;

/** The text in a form that can be stored, at most `most` bytes of it, without a part of a character at the end.
 *  `isPart`: the text goes on. */
export function resultOf(text: string, most = RESULT_BYTES, isPart = false): ToolResult {
  const stored = storableText(text);
  const bytes = Buffer.from(stored);
  if (bytes.length <= most) return { result: stored, truncated: isPart };
  let end = most;
  // Bytes of this form continue a character.
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return { result: bytes.subarray(0, end).toString(), truncated: true };
}

const TEXT_TYPE =
  /^(?:text\/.*|application\/(?:.*[+.-])?(?:json|xml|yaml|x-www-form-urlencoded|javascript|csv|ndjson))$/;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;

function decoderOf(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label);
  } catch {
    return null;
  }
}

export interface Body {
  readonly bytes: Uint8Array;
  /** The body goes on after these bytes. */
  readonly isPart: boolean;
  /** Undefined: the response has no such header. */
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** The text of a body; null: it is not text. Without a content type it is text if it is UTF-8. */
export function textOfBody({ bytes, isPart, contentType, contentEncoding }: Body): string | null {
  if (bytes.length === 0) return '';
  if (contentEncoding !== undefined && !/^identity$/i.test(contentEncoding.trim())) return null;
  const type = contentType?.split(';')[0]!.trim().toLowerCase();
  if (type !== undefined && type !== '' && !TEXT_TYPE.test(type)) return null;
  const decoder = type
    ? decoderOf(CHARSET.exec(contentType!)?.[1] ?? 'utf-8')
    : new TextDecoder('utf-8', { fatal: true });
  try {
    // A part of a character at the end of a part is left out.
    return decoder?.decode(bytes, { stream: isPart }) ?? null;
  } catch {
    return null;
  }
}
