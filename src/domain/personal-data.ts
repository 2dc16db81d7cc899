// Personal data in a text. Simple patterns of bounded length find candidates, libraries judge them, so that the work
// grows with the text and not faster, whatever the text is. Pure.
import { isIP, isIPv4 } from 'node:net';
import { findPhoneNumbersInText, type CountryCode } from 'libphonenumber-js';
import validator from 'validator';

export const PERSONAL_DATA = ['payment_card', 'iban', 'email', 'phone', 'ip_address'] as const;
export type PersonalDataKind = (typeof PERSONAL_DATA)[number];

/** What a rule looks for. */
export interface PersonalDataSearch {
  readonly kinds: readonly PersonalDataKind[];
  /** Phone numbers without a `+` are read as this country's; null: only those with one are found. */
  readonly country: CountryCode | null;
}

export interface Find {
  readonly kind: PersonalDataKind;
  readonly text: string;
}

/** A number as people write it: in groups, with one or two of these between them. */
const GAP = /^[ .\-\u2010-\u2015]{1,2}$/;

interface Spelling {
  readonly group: RegExp;
  /** How the first group begins. */
  readonly begins: RegExp;
  /** Characters in all groups together. */
  readonly least: number;
  readonly most: number;
  /** Judges the characters of the groups. */
  readonly is: (value: string) => boolean;
}

/** All runs of whole groups of that length. Groups are taken whole: a number inside a longer one is none. */
function* runs(text: string, { group: pattern, begins, least, most }: Spelling) {
  const groups = [...text.matchAll(pattern)].map(({ 0: group, index }) => ({ from: index, to: index + group.length }));
  for (const [first, { from, to: firstEnd }] of groups.entries()) {
    if (!begins.test(text.slice(from, firstEnd))) continue;
    let length = 0;
    for (let at = first, end = from; at < groups.length; at += 1) {
      const group = groups[at]!;
      if (at > first && !GAP.test(text.slice(end, group.from))) break;
      length += group.to - group.from;
      if (length > most) break;
      end = group.to;
      if (length >= least) yield { from, to: end };
    }
  }
}

function* spelled(text: string, spelling: Spelling): Generator<string> {
  let past = 0;
  for (const { from, to } of runs(text, spelling)) {
    if (from < past || !spelling.is(text.slice(from, to).replaceAll(/[^A-Za-z0-9]/g, ''))) continue;
    past = to;
    yield text.slice(from, to);
  }
}

const CARD: Spelling = {
  group: /\d+/g,
  begins: /^/,
  least: 13,
  most: 19,
  is: (value) => validator.isCreditCard(value),
};
const IBAN: Spelling = {
  group: /[A-Za-z0-9]+/g,
  begins: /^[A-Za-z]{2}(?:\d\d|$)/,
  least: 15,
  most: 34,
  is: (value) => validator.isIBAN(value.toUpperCase()),
};

/** Around each @: as much as can belong to an address. */
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
    // `::` alone is the address of nobody, and the middle of many a program.
    const trimmed = run.replace(/^:(?!:)/, '').replace(/[.]+$|(?<!:):$/, '');
    const around = `${text[index - 1] ?? ''}${text[index + run.length] ?? ''}`;
    if (trimmed.length <= 45 && /[\dA-Fa-f]/.test(trimmed) && !/\w/.test(around) && isIP(trimmed) === 6) yield trimmed;
  }
}

const DETECTORS: Readonly<Record<PersonalDataKind, (text: string, search: PersonalDataSearch) => Iterable<string>>> = {
  payment_card: (text) => spelled(text, CARD),
  iban: (text) => spelled(text, IBAN),
  email: emails,
  phone: (text, { country }) =>
    findPhoneNumbersInText(text, country ? { defaultCountry: country } : {}).map(({ startsAt, endsAt }) =>
      text.slice(startsAt, endsAt),
    ),
  ip_address: addresses,
};

/** Personal data in the text, at most `most` of a kind, in the order of the kinds. */
export function personalDataIn(text: string, search: PersonalDataSearch, most: number): Find[] {
  return search.kinds.flatMap((kind) => {
    const finds: Find[] = [];
    for (const found of DETECTORS[kind](text, search)) {
      if (finds.length === most) break;
      finds.push({ kind, text: found });
    }
    return finds;
  });
}
