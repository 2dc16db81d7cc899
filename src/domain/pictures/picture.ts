// Pictures in a message of a user: which ones are accepted, and how they are written. No I/O.

/** The limits of one message. `bytes`: of all its pictures that are not addresses. */
export const PICTURE_LIMITS = { pictures: 10, bytes: 8 * 1024 * 1024, urlCharacters: 8_192 } as const;

/** How closely a model looks at a picture. */
export const PICTURE_DETAILS = ['auto', 'low', 'high'] as const;
export type PictureDetail = (typeof PICTURE_DETAILS)[number];

/** How the bytes of each type begin, as Latin-1 text. */
const BEGINNINGS = {
  'image/png': (start: string) => start.startsWith('\x89PNG\r\n\x1a\n'),
  'image/jpeg': (start: string) => start.startsWith('\xff\xd8\xff'),
  'image/gif': (start: string) => start.startsWith('GIF87a') || start.startsWith('GIF89a'),
  'image/webp': (start: string) => start.startsWith('RIFF') && start.startsWith('WEBP', 8),
} as const;
const BEGINNING_BYTES = 12;

export type PictureType = keyof typeof BEGINNINGS;

/** An address, which only the endpoint of the model reads, or the picture itself. */
export type PictureSource = { readonly url: string } | { readonly mediaType: PictureType; readonly bytes: Buffer };

export interface Picture {
  readonly source: PictureSource;
  /** Null: not said. */
  readonly detail: PictureDetail | null;
}

const NOT_A_PICTURE =
  'must be an https address, or data:image/png, image/jpeg, image/gif or image/webp with base64 (data:image/png;base64,…)';
/** `image/jpg` is no registered type, but common. */
const DATA = /^data:(image\/(?:png|jpe?g|gif|webp));base64,/i;

const withoutPadding = (base64: string): string => base64.replace(/={1,2}$/, '');

/** The source in a URL, or why it is not accepted. The time is linear. */
export function pictureSourceOf(url: string): { readonly source: PictureSource } | { readonly fault: string } {
  const trimmed = url.trim();
  return /^data:/i.test(trimmed) ? sourceOfData(trimmed) : sourceOfAddress(trimmed);
}

function sourceOfData(url: string): ReturnType<typeof pictureSourceOf> {
  const [head, named] = DATA.exec(url) ?? [];
  if (head === undefined || named === undefined) return { fault: NOT_A_PICTURE };
  const base64 = url.slice(head.length);
  const bytes = Buffer.from(base64, 'base64');
  // The decoder skips what is not base64.
  if (withoutPadding(bytes.toString('base64')) !== withoutPadding(base64)) return { fault: 'has invalid base64' };
  const mediaType = named.toLowerCase().replace('jpg', 'jpeg') as PictureType;
  const start = bytes.subarray(0, BEGINNING_BYTES).toString('latin1');
  return BEGINNINGS[mediaType](start)
    ? { source: { mediaType, bytes } }
    : { fault: `is not a picture of the type ${mediaType}: its bytes begin differently` };
}

function sourceOfAddress(text: string): ReturnType<typeof pictureSourceOf> {
  if (text.length > PICTURE_LIMITS.urlCharacters)
    return { fault: `must have at most ${PICTURE_LIMITS.urlCharacters} characters, unless it is a data URL` };
  const url = URL.parse(text);
  if (url?.protocol !== 'https:') return { fault: NOT_A_PICTURE };
  if (url.username !== '' || url.password !== '') return { fault: 'must not contain a user name or a password' };
  return { source: { url: url.href } };
}

/** The picture as a URL: its address, or a data URL. */
export const urlOf = ({ source }: Picture): string =>
  'url' in source ? source.url : `data:${source.mediaType};base64,${source.bytes.toString('base64')}`;

/** Bytes that the picture takes in the database, besides an address. */
export const bytesOf = ({ source }: Picture): number => ('url' in source ? 0 : source.bytes.byteLength);

/** The text of a message with so many pictures. A message of pictures only has a text that says so: a turn needs one, and
 *  the prompts of later turns contain only the text. */
export function textWithPictures(text: string, count: number): string {
  if (count === 0 || text.trim() !== '') return text;
  return count === 1 ? '[1 picture]' : `[${count} pictures]`;
}
