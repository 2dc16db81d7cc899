// Finds personal data in a text. Simple patterns of bounded length find candidates and libraries validate them, so that
// the time grows linearly with the length of any text. Pure.
import { isIP, isIPv4 } from 'node:net';
import { findPhoneNumbersInText, type CountryCode } from 'libphonenumber-js';
import validator from 'validator';

export const PERSONAL_DATA = ['payment_card', 'iban', 'email', 'phone', 'ip_address'] as const;
export type PersonalDataKind = (typeof PERSONAL_DATA)[number];

/** The personal data that a rule searches for. */
export interface PersonalDataSearch {
  readonly kinds: readonly PersonalDataKind[];
  /** The country of phone numbers without a `+`; null: only numbers with a `+` are found. */
  readonly country: CountryCode | null;
}

export interface Find {
  readonly kind: PersonalDataKind;
  readonly text: string;
}

/** What may separate the groups of a number: one or two of these characters. */
const GAP = /^[ .\-\u2010-\u2015]{1,2}$/;

interface NumberFormat {
  readonly group: RegExp;
  /** What the first group must match. */
  readonly firstGroup: RegExp;
  /** Limits for the characters in all groups together. */
  readonly minLength: number;
  readonly maxLength: number;
  /** Validates the characters of the groups. */
  readonly isValid: (value: string) => boolean;
}

/** All runs of groups whose length is allowed. Groups are never split: a number inside a longer one does not count. */
function* runs(text: string, { group: pattern, firstGroup, minLength, maxLength }: NumberFormat) {
  const groups = [...text.matchAll(pattern)].map(({ 0: group, index }) => ({ from: index, to: index + group.length }));
  for (const [first, { from, to: firstEnd }] of groups.entries()) {
    if (!firstGroup.test(text.slice(from, firstEnd))) continue;
    let length = 0;
    for (let at = first, end = from; at < groups.length; at += 1) {
      const group = groups[at]!;
      if (at > first && !GAP.test(text.slice(end, group.from))) break;
      length += group.to - group.from;
      if (length > maxLength) break;
      end = group.to;
      if (length >= minLength) yield { from, to: end };
    }
  }
}

function* numbersIn(text: string, format: NumberFormat): Generator<string> {
  let searchedTo = 0;
  for (const { from, to } of runs(text, format)) {
    if (from < searchedTo || !format.isValid(text.slice(from, to).replaceAll(/[^A-Za-z0-9]/g, ''))) continue;
    searchedTo = to;
    yield text.slice(from, to);
  }
}

const CARD: NumberFormat = {
  group: /\d+/g,
  firstGroup: /^/,
  minLength: 13,
  maxLength: 19,
  isValid: (value) => validator.isCreditCard(value),
};
const IBAN: NumberFormat = {
  group: /[A-Za-z0-9]+/g,
  firstGroup: /^[A-Za-z]{2}(?:\d\d|$)/,
  minLength: 15,
  maxLength: 34,
  isValid: (value) => validator.isIBAN(value.toUpperCase()),
};

/** Checks the characters around each @ that can belong to an address. */
function* emails(text: string): Generator<string> {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const local = /[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]+$/u.exec(text.slice(Math.max(0, at - 64), at))?.[0];
    const domain = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/u.exec(text.slice(at + 1, at + 255))?.[0];
    if (local === undefined || domain === undefined) continue;
    const address = `${local.replace(/^[.'`]+/, '')}@${domain.replace(/-+$/, '')}`;
    if (validator.isEmail(address)) yield address;
  }
}

function* addresses(text: string): Generator<string> {
  for (const { 0: run } of text.matchAll(/(?<!\d|\d\.)\d{1,3}(?:\.\d{1,3}){3}(?!\d|\.\d)/g)) if (isIPv4(run)) yield run;
  for (const { 0: run, index } of text.matchAll(/[\dA-Fa-f:.]+/g)) {
    // `::` alone is the unspecified address, and it is frequent in source code.
    const trimmed = run.replace(/^:(?!:)/, '').replace(/[.]+$|(?<!:):$/, '');
    const around = `${text[index - 1] ?? ''}${text[index + run.length] ?? ''}`;
    if (trimmed.length <= 45 && /[\dA-Fa-f]/.test(trimmed) && !/\w/.test(around) && isIP(trimmed) === 6) yield trimmed;
  }
}

const DETECTORS: Readonly<Record<PersonalDataKind, (text: string, search: PersonalDataSearch) => Iterable<string>>> = {
  payment_card: (text) => numbersIn(text, CARD),
  iban: (text) => numbersIn(text, IBAN),
  email: emails,
  phone: (text, { country }) =>
    findPhoneNumbersInText(text, country ? { defaultCountry: country } : {}).map(({ startsAt, endsAt }) =>
      text.slice(startsAt, endsAt),
    ),
  ip_address: addresses,
};

/** Personal data in the text, at most `max` finds of each kind, in the order of the kinds. */
export function personalDataIn(text: string, search: PersonalDataSearch, max: number): Find[] {
  return search.kinds.flatMap((kind) => {
    const finds: Find[] = [];
    for (const found of DETECTORS[kind](text, search)) {
      if (finds.length === max) break;
      finds.push({ kind, text: found });
    }
    return finds;
  });
}
