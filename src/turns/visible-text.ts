// Text as a reader takes it, whatever code points spell it. Pure.

/** Full-width and composed forms become the plain letters; what shows nothing (zero-width characters, bidi controls,
 *  soft hyphens, tags) is taken out. */
export const visibleText = (text: string): string =>
  text.replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC');
