// A user's actor id is the user's id, but for two that no URL can carry: `.` and `..` are taken for steps in a path.

/** No user id holds it. */
const MARK = '~';

export const actorIdOf = (userId: string): string => (/^\.\.?$/.test(userId) ? MARK + userId : userId);

export const userOf = (actorId: string): string => (actorId.startsWith(MARK) ? actorId.slice(MARK.length) : actorId);
