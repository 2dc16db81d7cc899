// The pictures of messages. They are rows of their own, so that lists, claims and events of turns never read them.
import type { Picture, PictureDetail, PictureType } from '../../domain/pictures/picture.ts';
import type { Database, Queries, Statement } from '../database.ts';

interface PictureRow {
  readonly turn_id: string;
  readonly url: string | null;
  readonly media_type: PictureType | null;
  readonly bytes: Buffer | null;
  readonly detail: PictureDetail | null;
}

const pictureOf = ({ url, media_type: mediaType, bytes, detail }: PictureRow): Picture => ({
  source: url === null ? { mediaType: mediaType!, bytes: bytes! } : { url },
  detail,
});

/** Whose pictures. */
export interface TurnOfUser {
  readonly userId: string;
  readonly turnId: string;
}

/** One picture: CockroachDB refuses messages of 16 MiB, and an array of bytes is sent as text of twice the size. */
const INSERT: Statement = {
  name: 'add-picture',
  sql: `insert into turn_pictures (user_id, turn_id, ordinal, url, media_type, bytes, detail)
        values (?, ?, ?, ?, ?, ?, ?)`,
};

/** Stores the pictures of a turn, in the transaction that accepts it. */
export async function addPictures(
  queries: Queries,
  { userId, turnId }: TurnOfUser,
  pictures: readonly Picture[],
): Promise<void> {
  for (const [ordinal, { source, detail }] of pictures.entries()) {
    const content = 'url' in source ? [source.url, null, null] : [null, source.mediaType, source.bytes];
    await queries.rows(INSERT, [userId, turnId, ordinal, ...content, detail]);
  }
}

const OF_TURN: Statement = {
  name: 'pictures-of-turn',
  sql: `select turn_id, url, media_type, bytes, detail from turn_pictures
        where user_id = ? and turn_id = ?::uuid order by user_id, turn_id, ordinal`,
};

/** The pictures of the turn's message, in order. @throws Unavailable */
export const picturesOfTurn = async (database: Database, { userId, turnId }: TurnOfUser): Promise<Picture[]> =>
  (await database.rows<PictureRow>(OF_TURN, [userId, turnId])).map(pictureOf);

const NEXT: Statement = {
  name: 'next-pictures',
  sql: `select turn_id, url, media_type, bytes, detail from turn_pictures
        where user_id = ? and turn_id = (
          select p.turn_id from turn_pictures p where p.user_id = ? and p.turn_id > ?::uuid
          order by p.user_id, p.turn_id limit 1)
        order by user_id, turn_id, ordinal`,
};
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

export interface PicturesOfTurn {
  readonly turnId: string;
  readonly pictures: readonly Picture[];
}

/** The pictures of one of the user's turns: the next one after this turn in the order of the ids. `after` undefined: the
 *  first one. Null: there is no other. Several turns together may not fit into memory. @throws Unavailable */
export async function nextPictures(
  database: Database,
  userId: string,
  after: string = BEFORE_ALL,
): Promise<PicturesOfTurn | null> {
  const rows = await database.rows<PictureRow>(NEXT, [userId, userId, after]);
  return rows[0] ? { turnId: rows[0].turn_id, pictures: rows.map(pictureOf) } : null;
}
