// Numbers in JSON text that JavaScript would change. JSON.parse rounds every number to 64 bits. Pure.

const NUMBER = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i;

/** The digits of a decimal number without zeros around them, and the power of ten of the last digit. */
function decimalOf(text: string): string | null {
  const parts = NUMBER.exec(text);
  if (!parts) return null;
  const [, whole = '', fraction = '', exponent = '0'] = parts;
  const digits = (whole + fraction).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  if (short === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - short.length;
  return `${text.startsWith('-') ? '-' : ''}${short}e${power}`;
}

/** Whether this number of a JSON text keeps its value when it is parsed and written again. */
export const isExactNumber = (source: string): boolean => decimalOf(source) === decimalOf(String(Number(source)));

/** Where a number of more than 15 characters, or with an exponent, could be. Shorter ones are exact. */
const LONG_NUMBER = /[:,[]\s*-?(?:[\d.]{16}|[\d.]+e)/i;

/** Whether a JSON text may contain a number that is not exact. False is certain. */
export const mayHaveInexactNumber = (source: string): boolean => LONG_NUMBER.test(source);
