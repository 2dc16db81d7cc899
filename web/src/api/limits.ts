// Limits of the API that the pages check before they send: those of src/domain/limits.ts (a test compares them).

/** Characters of a message, and of an edited reply. */
export const TEXT_CHARACTERS = 32_000;

/** For the `pattern` of an input. */
export const USER_ID_PATTERN = '[A-Za-z0-9._@:\\-]{1,128}';
export const USER_ID_TITLE = '1 to 128 of A–Z a–z 0–9 . _ @ : -';
