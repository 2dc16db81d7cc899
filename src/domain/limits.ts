// Limits and formats that several layers check: ids, sizes of texts, loopback addresses. The pages get theirs from here
// (scripts/api-types.mjs).

/** The limits of one message, and of a turn that several messages were merged into. */
export const MESSAGE_LIMITS = { textCharacters: 32_000, tags: 16, tagCharacters: 64, metadataBytes: 4096 } as const;

/** Maximum of characters of instructions, of the operator or of a client. */
export const INSTRUCTIONS_CHARACTERS = 100_000;

/** Maximum number of earlier exchanges in a prompt. */
export const MOST_EXCHANGES = 100;

/** Maximum of characters of a reviewer's note. */
export const NOTE_CHARACTERS = 4_000;

/** The limits of a user's memory. */
export const MEMORY_LIMITS = {
  nameCharacters: 200,
  summaryCharacters: 4_000,
  topics: 50,
  topicCharacters: 100,
} as const;

/** The pattern of a user id, for use inside a larger pattern. */
export const USER_ID_PATTERN = '[A-Za-z0-9._@:-]{1,128}';
/** The pattern in words. */
export const USER_ID_RULE = '1 to 128 of A–Z a–z 0–9 . _ @ : -';
export const USER_ID = new RegExp(`^${USER_ID_PATTERN}$`);

/** Whether the text can be a user id. */
export const isUserId = (text: string): boolean => USER_ID.test(text);

/** The pattern of a UUID, for use inside a larger pattern. */
export const UUID_PATTERN = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
export const UUID = new RegExp(`^${UUID_PATTERN}$`);

/** Whether the text is a UUID of any version, such as the id of a turn, session, review or webhook. */
export const isUuid = (text: string): boolean => UUID.test(text);

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|::1|\[::1\])$/i;

/** Whether a host name or address is reachable from this machine only. Takes IPv6 with or without brackets. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
