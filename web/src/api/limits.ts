// Generated from src/domain/limits.ts by `npm run check -- --fix`. Do not edit.

/** Maximum characters of a message and of an edited reply. */
export const TEXT_CHARACTERS = 32000;

/** Maximum characters of a reviewer's note. */
export const NOTE_CHARACTERS = 4000;

/** For the `pattern` attribute of an input, where a hyphen must be escaped. */
export const USER_ID_PATTERN = '[A-Za-z0-9._@:\\-]{1,128}';
export const USER_ID_RULE = '1 to 128 of A–Z a–z 0–9 . _ @ : -';
