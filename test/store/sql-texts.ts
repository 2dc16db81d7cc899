// The SQL of the product, read from the source: the texts of src/store/ and migrations/, and the tables and keys that
// the migrations create. Only src/store/ may use the database (test/architecture.test.ts).
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** A comment or a text. A template may have expressions, which may have objects and templates. */
const TOKEN = new RegExp(
  [
    /\/\/.*|\/\*[\s\S]*?\*\//,
    /'((?:[^'\\\n]|\\.)*)'/,
    /"((?:[^"\\\n]|\\.)*)"/,
    /`((?:[^`\\$]|\\.|\$(?!\{)|\$\{(?:[^{}`]|`[^`]*`|\{[^{}]*\})*\})*)`/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
const STATEMENT = /^\s*(?:with|select|insert into|update|delete from|create|alter|drop)\s/;

export interface SqlText {
  readonly file: string;
  readonly sql: string;
  /** Whether it is a whole statement, rather than a part of one. */
  readonly statement: boolean;
}

interface Literal {
  readonly file: string;
  /** The constant that has this text; undefined: none. */
  readonly name: string | undefined;
  readonly text: string;
}

function literalsOf(file: string): Literal[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(TOKEN)].flatMap((token) => {
    const text = token[1] ?? token[2] ?? token[3];
    if (text === undefined) return [];
    return [{ file, name: /const (\w+) =\s*$/.exec(source.slice(0, token.index))?.[1], text }];
  });
}

/** All texts. `${NAME}` is replaced by the constant of this name: of the same file, or else of another one. */
export function sqlTexts(): SqlText[] {
  const files = ['src/store', 'migrations'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      // What migrations share is written for one of the databases.
      .filter((file) => file.endsWith('.ts') && !file.startsWith('support/'))
      .map((file) => `${folder}/${file}`),
  );
  const literals = files.flatMap(literalsOf);
  const valueOf = (file: string, name: string) =>
    (literals.find((each) => each.name === name && each.file === file) ?? literals.find((each) => each.name === name))
      ?.text;
  const expanded = (file: string, text: string): string =>
    text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => {
      const value = valueOf(file, name);
      return value === undefined ? whole : expanded(file, value);
    });
  return literals.map(({ file, text }) => {
    const sql = expanded(file, text);
    return { file, sql, statement: STATEMENT.test(sql) };
  });
}

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

export interface Schema {
  readonly columns: ReadonlyMap<string, readonly Column[]>;
  /** For each table its primary key and its unique indexes without a condition, as sorted lists of columns. */
  readonly keys: ReadonlyMap<string, ReadonlySet<string>>;
  readonly uniqueIndexes: ReadonlySet<string>;
}

/** The elements of a list. They may have parentheses. */
function split(list: string): string[] {
  const elements = [''];
  let depth = 0;
  for (const character of list) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) elements.push('');
    else elements[elements.length - 1] += character;
  }
  return elements.map((element) => element.trim());
}

/** A list of columns without order and spaces. */
export const keyOf = (list: string): string => split(list).toSorted().join();

const columnOf = (definition: string): Column => {
  const [name, type] = definition.split(/\s+/) as [string, string];
  return { name, type, nullable: !/not null|primary key/.test(definition) };
};

/** What the texts create. */
export function schemaOf(texts: readonly SqlText[]): Schema {
  const columns = new Map<string, Column[]>();
  const keys = new Map<string, Set<string>>();
  const uniqueIndexes = new Set<string>();
  const addKey = (table: string, list: string) =>
    keys.set(table, (keys.get(table) ?? new Set<string>()).add(keyOf(list)));
  const addColumns = (table: string, added: readonly Column[]) =>
    columns.set(table, [...(columns.get(table) ?? []), ...added]);
  for (const { sql } of texts) {
    const created = /^create table (?:if not exists )?(\w+) \(([\s\S]*)\)$/.exec(sql);
    if (created) {
      const [, table, body] = created as unknown as [string, string, string];
      const definitions = split(body);
      addColumns(table, definitions.filter((each) => !each.startsWith('primary key')).map(columnOf));
      for (const each of definitions) {
        const key = /^primary key \((.*)\)$/.exec(each)?.[1] ?? /^(\w+) .*primary key/.exec(each)?.[1];
        if (key !== undefined) addKey(table, key);
      }
    }
    const column = /^alter table (\w+) add column (?:if not exists )?(.*)$/.exec(sql);
    if (column) addColumns(column[1]!, [columnOf(column[2]!)]);
    const index = /^create unique index (?:if not exists )?(\w+)\s+on (\w+) \(([^)]*)\)(\s+where)?/.exec(sql);
    if (index) uniqueIndexes.add(index[1]!);
    if (index && index[4] === undefined) addKey(index[2]!, index[3]!);
  }
  return { columns, keys, uniqueIndexes };
}
