// The rules of docs/cockroachdb.md, held over all SQL texts. CockroachDB itself checks them only in the hosted CI.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'ava';
import type { Knex } from 'knex';
import { Unavailable } from '../../src/domain/errors.ts';
import type { Dialect } from '../../src/store/connect.ts';
import { Database } from '../../src/store/database.ts';
import { keyOf, schemaOf, sqlTexts, type Schema, type SqlText } from './sql-texts.ts';

const TEXTS = sqlTexts();
const SCHEMA = schemaOf(TEXTS);
const PAGE = readFileSync(join(resolve(import.meta.dirname, '../..'), 'docs/cockroachdb.md'), 'utf8');

const TYPES = ['boolean', 'bytea', 'date', 'int2', 'int4', 'int8', 'jsonb', 'text', 'text[]', 'timestamptz', 'uuid'];
/** Exists only in PostgreSQL, or means something else in CockroachDB. */
const OTHER =
  /\b(?:pg_\w+|ctid|xmin|lock table|listen|notify|vacuum|analyze|tablesample|make_interval|merge into|with \(force\))/;

/** The part of `sql` from `start` to the end of the list element that it belongs to. */
function elementFrom(sql: string, start: number): string {
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql[at] === '(') depth += 1;
    else if (sql[at] === ')') depth -= 1;
    const rest = sql.slice(at);
    if (depth < 0 || (depth === 0 && /^,|^\s(?:as|from|where|union)\s/.test(rest))) return sql.slice(start, at);
  }
  return sql.slice(start);
}

/** The lists of all selects, each with the text before it. */
const selectLists = (sql: string): { before: string; list: string[] }[] =>
  [...sql.matchAll(/\bselect\s+(?:distinct\s+)?/g)].map((found) => {
    const list: string[] = [];
    for (let at = found.index + found[0].length; ;) {
      const element = elementFrom(sql, at);
      list.push(element.trim());
      at += element.length;
      const alias = /^\s+as \w+/.exec(sql.slice(at));
      if (alias) at += alias[0].length;
      if (sql[at] !== ',') return { before: sql.slice(0, found.index), list };
      at += 1;
    }
  });

/** The names of functions whose result is not cast to one of the types, also not in an outer function. */
function uncast(sql: string, name: RegExp, types: string): string[] {
  return [...sql.matchAll(name)]
    .filter(({ index }) => {
      let depth = 0;
      for (let at = index; at < sql.length; at += 1) {
        if (sql[at] === '(') depth += 1;
        else if (sql[at] === ')') depth -= 1;
        if (sql[at] === ')' && depth <= 0 && new RegExp(`^\\)::(?:${types})\\b`).test(sql.slice(at))) return false;
        if (depth <= 0 && /^\s(?:as|from|where|group by|order by)\s/.test(sql.slice(at))) return true;
      }
      return true;
    })
    .map(([found]) => found);
}

const found = (sql: string, pattern: RegExp): string[] => [...sql.matchAll(pattern)].map(([whole]) => whole);

interface Rule {
  readonly rule: string;
  /** Breaks the rule. */
  readonly example: string;
  /** What breaks the rule in this text. */
  readonly find: (text: SqlText, schema: Schema) => string[];
}

const RULES: readonly Rule[] = [
  {
    rule: 'A placeholder beside an operator has a type',
    example: "update turns set lease_until = now() + ? * interval '1 second'",
    find: ({ sql }) => found(sql, /\?(?!::)\)?\s*(?:[*/+-]|\|\|)|(?:[*/+]|\|\||\s-)\s*\(?\?(?!::)/g),
  },
  {
    rule: 'A placeholder that is an argument has a type',
    example: 'select turn_id from turns where turn_id = any(?)',
    find: ({ sql }) => found(sql, /\b\w+\((?:[^()?]|\?::|\([^()]*\))*\?(?!::)/g),
  },
  {
    rule: 'A selected placeholder has a type, or is inserted directly',
    example: 'with one as (select ? as id) select id from one',
    find: ({ sql }) =>
      selectLists(sql)
        .filter(({ before }) => !/insert into \w+ \([^)]*\)\s*$/.test(before))
        .flatMap(({ list }) => list.filter((element) => /^\?(?!::)/.test(element))),
  },
  {
    rule: 'Only the seconds of `extract` are divided',
    example: 'update users set last_seq = last_seq / 2',
    find: ({ sql, statement }) =>
      statement ? found(sql.replaceAll(/extract\(epoch from [\w.]+\) \/ \d+/g, ''), /\/.*/g) : [],
  },
  {
    rule: 'A sum is cast to `int8`',
    example: 'select sum(turns) as turns from analytics_days',
    find: ({ sql }) => uncast(sql, /\bsum\(/g, 'int8'),
  },
  {
    rule: 'The result of `extract` is cast',
    example: 'select extract(epoch from now()) as s',
    find: ({ sql }) => uncast(sql, /\bextract\(/g, 'float8|int8'),
  },
  {
    rule: '`on conflict` names a key without a condition',
    example: 'insert into turns (turn_id) values (?) on conflict (user_id, idempotency_key) do nothing',
    find: ({ sql }, { keys }) =>
      [...sql.matchAll(/insert into (\w+)(?:(?!insert into)[\s\S])*?on conflict(?: \(([^)]*)\))?/g)]
        .filter(([, table, columns]) => !keys.get(table!)?.has(keyOf(columns ?? '')))
        .map(([whole]) => whole),
  },
  {
    rule: 'A statement changes each table once',
    example: 'with a as (delete from users where user_id = ?) update users set last_seq = 0',
    find: ({ sql }) => {
      const tables = [...sql.matchAll(/(?:insert into|delete from|(?<!\bdo |\bfor )\bupdate) (\w+)/g)].map(
        ([, table]) => table!,
      );
      return tables.filter((table, index) => tables.indexOf(table) < index);
    },
  },
  {
    rule: 'No order by a column that may be null',
    example: 'select turn_id from turns order by finished_at',
    find: ({ sql }, { columns }) =>
      [...sql.matchAll(/order by ((?:[\w.]+(?: desc)?(?:, )?)+)/g)]
        .flatMap(([, list]) => list!.split(', ').map((column) => column.replace(/^\w+\.| desc$/g, '')))
        .filter((column) =>
          [...columns].some(
            ([table, its]) =>
              new RegExp(`\\b(?:from|join) ${table}\\b`).test(sql) &&
              its.some(({ name, nullable }) => nullable && name === column) &&
              !new RegExp(`\\b${column} (?:is not null|[<>])`).test(sql),
          ),
        ),
  },
  {
    rule: 'A unique index is dropped with `cascade`',
    example: 'drop index if exists turns_user_seq',
    find: ({ sql }, { uniqueIndexes }) =>
      [...uniqueIndexes].filter((name) => sql === name || new RegExp(`^drop index .*\\b${name}$`).test(sql)),
  },
  {
    rule: 'Columns have types with the same name and size in both databases',
    example: 'create table jobs (job_id serial primary key)',
    find: (text) =>
      [...schemaOf([text]).columns.values()].flat().flatMap(({ type }) => (TYPES.includes(type) ? [] : type)),
  },
  {
    rule: 'No command or function that only PostgreSQL has',
    example: 'select pg_advisory_lock(1)',
    find: ({ sql }) => found(sql, new RegExp(OTHER, 'g')),
  },
];

for (const { rule, example, find } of RULES) {
  test(`${rule}: holds for all SQL texts`, (t) => {
    t.not(find({ file: '', sql: example, statement: true }, SCHEMA).length, 0, example);
    for (const text of TEXTS) t.deepEqual(find(text, SCHEMA), [], `${text.file}: ${text.sql}`);
    t.true(PAGE.includes(`| ${rule} |`), 'docs/cockroachdb.md has the rule');
  });
}

test('the texts, tables and keys are found', (t) => {
  const statements = TEXTS.filter(({ statement }) => statement);
  t.true(statements.length > 150, `${statements.length} statements`);
  t.true(statements.some(({ sql }) => sql.includes('delivered as (') && sql.includes('notified as (')));
  t.true(SCHEMA.columns.size >= 19, `${SCHEMA.columns.size} tables`);
  t.true(SCHEMA.keys.get('analytics_days')!.has(keyOf('user_id, day, status')));
  t.true(SCHEMA.keys.get('erasures')!.has('user_id'));
  t.false(SCHEMA.keys.get('turns')!.has(keyOf('user_id, idempotency_key')), 'this index has a condition');
});

/** A database whose statements fail with this SQLSTATE. */
function failing(client: Dialect, code: string): Database {
  const query = () => Promise.reject(Object.assign(new Error(code), { code }));
  const connections = { acquireConnection: () => Promise.resolve({ query }), releaseConnection: () => {} };
  return new Database({ client: { config: { client }, ...connections } } as unknown as Knex);
}

test('the time limit of a statement may end a commit of CockroachDB, so the outcome of a write is unknown', async (t) => {
  const read = { name: 'read', sql: 'select 1' };
  const write = { name: 'write', sql: 'delete from turns' };
  for (const [client, statement, code, outcomeUnknown] of [
    ['cockroachdb', write, '57014', true],
    ['cockroachdb', write, '58C00', true],
    ['cockroachdb', write, '55P03', false],
    ['cockroachdb', read, '57014', false],
    ['pg', write, '57014', false],
  ] as const) {
    const error = await t.throwsAsync<Unavailable>(failing(client, code).rows(statement, []), {
      instanceOf: Unavailable,
    });
    t.is(error?.outcomeUnknown, outcomeUnknown, `${client}: ${statement.name}, ${code}`);
  }
});
