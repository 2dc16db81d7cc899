import test from 'ava';
import { breakDown, breakdownLines, ownerOf, type CpuProfile } from '../../bench/profile/breakdown.ts';
import { costLines, parseCommandStats } from '../../bench/profile/costs.ts';

const frame = (functionName: string, url: string) => ({ functionName, url });

test('a frame belongs to a library, a folder of src/, Node, or native code', (t) => {
  const owners: [string, string, string | null][] = [
    ['query', 'file:///a/node_modules/pg/lib/client.js', 'pg'],
    ['add', 'file:///a/node_modules/@koa/router/lib/router.js', '@koa/router'],
    ['inner', 'file:///a/node_modules/knex/node_modules/debug/src/node.js', 'debug'],
    ['accept', 'file:///a/src/store/accept-turn.ts', 'src/store'],
    ['call', 'file:///a/src/http/endpoints/chat.ts', 'src/http'],
    ['run', 'file:///a/src/main.ts', 'main.ts'],
    ['toString', 'function toString() { [native code] }', 'native functions'],
    ['emit', 'node:events', 'node'],
    ['map', '', 'native functions'],
    ['(garbage collector)', '', 'garbage collector'],
    ['(program)', '', 'native code and system calls'],
    ['(idle)', '', null],
    ['(root)', '', null],
  ];
  for (const [name, url, owner] of owners) t.is(ownerOf(frame(name, url)), owner, url || name);
});

const node = (id: number, url: string, children: number[] = [], name = 'f') => ({
  id,
  callFrame: frame(name, url),
  children,
});
const profile: CpuProfile = {
  nodes: [
    node(1, '', [2, 5, 6, 7], '(root)'),
    node(2, 'file:///a/src/store/accept-turn.ts', [3]),
    node(3, 'file:///a/node_modules/pg/lib/client.js', [4]),
    node(4, 'node:net'),
    node(5, '', [], '(idle)'),
    node(6, 'node:timers'),
    node(7, 'file:///a/node_modules/ioredis/built/Redis.js', [8]),
    node(8, ''),
  ],
  samples: [2, 3, 4, 5, 6, 8, 3],
  timeDeltas: [0, 1000, 2000, 4000, 8000, 500, 250],
};

test('self time is added up by owner, and by the file of src/ that called it, else by library', (t) => {
  const { byOwner, byStep } = breakDown([profile, profile]);
  t.deepEqual(byOwner, { 'src/store': 2, pg: 4, node: 9, 'native functions': 0.5 });
  t.deepEqual(byStep, { 'src/store/accept-turn.ts': 14, '(node)': 1, '(ioredis)': 0.5 });
});

test('a profile without samples has no cost', (t) => {
  t.deepEqual(breakDown([{ nodes: profile.nodes }, { nodes: [] }]).byOwner, {});
});

test('lines are per turn, largest first, and the small rest is one line', (t) => {
  const many = Object.fromEntries(Array.from({ length: 27 }, (_, n) => [`library-${n}`, 100 - n]));
  const lines = breakdownLines(many, 100);
  t.is(lines.length, 26);
  t.is(lines[0]!.trim(), '1000 µs  library-0');
  t.is(lines.at(-1)!.trim(), '1490 µs  all others');
});

test('the statistics of Redis commands are parsed', (t) => {
  const info =
    '# Commandstats\r\ncmdstat_evalsha:calls=200,usec=4000,usec_per_call=20.00\r\ncmdstat_config|get:calls=1,usec=5\r\n';
  t.deepEqual(parseCommandStats(info), [
    { name: 'evalsha', calls: 200, ms: 4 },
    { name: 'config|get', calls: 1, ms: 0.005 },
  ]);
});

test('costs are per turn, without what is not part of a turn', (t) => {
  const costs = [
    { name: 'select\n  1', calls: 100, ms: 1 },
    { name: 'insert', calls: 200, ms: 5 },
    { name: 'vacuum', calls: 0.5, ms: 90 },
  ];
  t.deepEqual(costLines(costs, 100), ['   2.00 ×    50 µs  insert', '   1.00 ×    10 µs  select 1']);
});
