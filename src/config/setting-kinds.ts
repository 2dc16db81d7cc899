// The kinds of settings: how each kind is read from the environment and validated.
import { z } from 'zod';

export interface Setting<T> {
  /** The default as `--help` shows it; null: none. */
  readonly fallback: string | null;
  readonly meaning: string;
  readonly parse: z.ZodType<T, string | undefined>;
}

export const text = (meaning: string, fallback: string): Setting<string> => ({
  fallback,
  meaning,
  parse: z.string().default(fallback),
});
export const optional = (meaning: string, shownDefault: string | null = null): Setting<string | undefined> => ({
  fallback: shownDefault,
  meaning,
  parse: z.string().optional(),
});
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((value) => /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max, {
      error: `a whole number from ${min} to ${max}`,
    })
    .transform(Number);
export const integer = (meaning: string, fallback: number, min: number, max: number): Setting<number> => ({
  fallback: String(fallback),
  meaning,
  parse: wholeNumber(min, max).default(fallback),
});
export const optionalInteger = (
  meaning: string,
  shownDefault: string | null,
  min: number,
  max: number,
): Setting<number | undefined> => ({ fallback: shownDefault, meaning, parse: wholeNumber(min, max).optional() });
export const fraction = (meaning: string, fallback: number): Setting<number> => ({
  fallback: String(fallback),
  meaning,
  parse: z
    .string()
    .default(String(fallback))
    .refine((value) => /^(0|1|0?\.\d+|1\.0+|0\.\d+)$/.test(value), { error: 'a number from 0 to 1' })
    .transform(Number),
});
export const port = (meaning: string, fallback: number) => integer(meaning, fallback, 0, 65_535);
export const optionalPort = (meaning: string, shownDefault: string): Setting<number | undefined> => ({
  fallback: shownDefault,
  meaning,
  parse: z
    .string()
    .refine((value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535, { error: 'a port number' })
    .transform(Number)
    .optional(),
});
export const oneOf = <const T extends readonly [string, ...string[]]>(
  meaning: string,
  values: T,
): Setting<T[number]> => ({
  fallback: values[0],
  meaning,
  parse: z.enum(values, { error: `one of ${values.join(', ')}` }).default(values[0]),
});
export const address = (
  meaning: string,
  protocols: RegExp,
  shape: string,
  fallback: string,
): Setting<string | undefined> => ({
  fallback,
  meaning,
  parse: z
    .string()
    .refine((value) => URL.canParse(value) && protocols.test(new URL(value).protocol), {
      error: `an address such as ${shape}`,
    })
    .optional(),
});

/** The entries of a list that is separated by commas. */
export const commaSeparated = (value: string) =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
