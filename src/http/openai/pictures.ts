// The pictures in the new message of a request: reads and validates them, and refuses them for assistants that take none.
import type { Assistant } from '../../domain/assistants/assistant.ts';
import {
  bytesOf,
  PICTURE_DETAILS,
  PICTURE_LIMITS,
  pictureSourceOf,
  type Picture,
  type PictureDetail,
} from '../../domain/pictures/picture.ts';
import { assistantTakesPictures } from '../../domain/pictures/picture-models.ts';
import { invalidRequest } from '../problem.ts';

type Path = readonly PropertyKey[];

/** A fault in a list of parts. */
export interface PartFault {
  readonly path: Path;
  readonly message: string;
}

/** The picture parts of chat completions and of responses. Clients mix their forms: the address is `image_url`, or its
 *  member `url`. */
const TYPES: ReadonlySet<unknown> = new Set(['image_url', 'input_image']);

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' ? { ...value } : {};

/** Whether a part is a picture, which may be invalid. */
export const isPicture = (part: unknown): boolean => TYPES.has(membersOf(part)['type']);

/** Chat completions have no detail `original`, which responses have. */
const DETAILS: Readonly<Record<string, PictureDetail>> = {
  ...Object.fromEntries(PICTURE_DETAILS.map((detail) => [detail, detail])),
  original: 'high',
};

const isDetail = (value: unknown): value is string => typeof value === 'string' && Object.hasOwn(DETAILS, value);

function pictureOf(part: unknown): { readonly picture: Picture } | { readonly faults: readonly PartFault[] } {
  const { image_url: given, detail: outer, file_id: file } = membersOf(part);
  const isNested = given !== null && typeof given === 'object';
  const { url, detail } = isNested ? membersOf(given) : { url: given, detail: outer };
  const parent = isNested ? ['image_url'] : [];
  const faults: PartFault[] = [];
  if ((file ?? null) !== null)
    faults.push({ path: ['file_id'], message: 'must be omitted: send the picture itself as image_url' });
  if ((detail ?? null) !== null && !isDetail(detail))
    faults.push({ path: [...parent, 'detail'], message: `must be one of ${Object.keys(DETAILS).join(', ')}` });
  const path = isNested ? ['image_url', 'url'] : ['image_url'];
  if (typeof url !== 'string') {
    // A part with a file has only one fault.
    const message = (url ?? null) === null ? 'is required' : 'must be a string';
    return { faults: faults.length > 0 && message === 'is required' ? faults : [...faults, { path, message }] };
  }
  const read = pictureSourceOf(url);
  if ('fault' in read) return { faults: [...faults, { path, message: read.fault }] };
  if (faults.length > 0) return { faults };
  return { picture: { source: read.source, detail: isDetail(detail) ? DETAILS[detail]! : null } };
}

/** A picture and the index of its part. */
interface ReadPicture {
  readonly index: number;
  readonly picture: Picture;
}

export interface ReadPictures {
  readonly pictures: readonly ReadPicture[];
  readonly faults: readonly PartFault[];
}

const MEBIBYTE = 1024 * 1024;

/** The pictures in a content, with all faults. If there are too many, they are not read. */
export function picturesIn(content: unknown): ReadPictures {
  if (!Array.isArray(content)) return { pictures: [], faults: [] };
  const parts = content.flatMap((part: unknown, index) => (isPicture(part) ? [{ part, index }] : []));
  if (parts.length > PICTURE_LIMITS.pictures)
    return { pictures: [], faults: [{ path: [], message: `must have at most ${PICTURE_LIMITS.pictures} pictures` }] };
  const faults: PartFault[] = [];
  const pictures: ReadPicture[] = [];
  for (const { part, index } of parts) {
    const read = pictureOf(part);
    if ('picture' in read) pictures.push({ index, picture: read.picture });
    else faults.push(...read.faults.map(({ path, message }) => ({ path: [index, ...path], message })));
  }
  if (pictures.reduce((sum, { picture }) => sum + bytesOf(picture), 0) > PICTURE_LIMITS.bytes) {
    const message = `must have pictures of at most ${PICTURE_LIMITS.bytes / MEBIBYTE} MiB together`;
    faults.push({ path: [], message });
  }
  return { pictures, faults };
}

/** A picture, and the pointer of its part in the request. */
export interface GivenPicture {
  readonly pointer: string;
  readonly picture: Picture;
}

/** The pictures for a turn of the assistant. @throws Problem invalid_request: none of its models takes pictures */
export function picturesFor(assistant: Assistant, given: readonly GivenPicture[]): Picture[] {
  if (given.length > 0 && !assistantTakesPictures(assistant)) {
    const detail = `is a picture, and no model of the assistant ${assistant.name} takes pictures: the operator can say that one does, with "profile": {"images": true} in the assistants file`;
    throw invalidRequest(given.map(({ pointer }) => ({ pointer, detail })));
  }
  return given.map(({ picture }) => picture);
}
