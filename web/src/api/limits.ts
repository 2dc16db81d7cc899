// Limits of the API that the pages check before a request. A test compares them with src/domain/limits.ts.

/** Maximum characters of a message and of an edited reply. */
export const TEXT_CHARACTERS = 32_000;

/** For the `pattern` attribute of an input. */
export const USER_ID_PATTERN = '[A-Za-z0-9._@:\\-]{1,128}';
export const USER_ID_TITLE = '1 to 128 of A–Z a–z 0–9 . _ @ : -';
