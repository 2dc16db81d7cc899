// The hash by which decisions and reviews name a text.
import { hash } from 'node:crypto';

/** Hex SHA-256 of the UTF-8 text. */
export const sha256Of = (text: string): string => hash('sha256', text, 'hex');
