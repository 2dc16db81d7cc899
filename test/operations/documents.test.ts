// docs/operations.md, the alert rules and the dashboard use existing metrics.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { alerts, dashboard, namedIn, ROOT } from './queries.ts';

const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');

interface Registered {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** The metrics that prom-client has registered. Label names are only in the metric objects, types only in the JSON. */
async function registered(): Promise<Registered[]> {
  const { registry } = createMetrics();
  const metrics = registry.getMetricsAsArray() as unknown as { name: string; labelNames?: string[] }[];
  const labels = new Map(metrics.map(({ name, labelNames = [] }) => [name, labelNames]));
  return (await registry.getMetricsAsJSON()).map(({ name, type, help }) => ({
    name,
    type: String(type),
    help,
    labelNames: labels.get(name)!,
  }));
}

test('the documentation lists exactly the metrics of turnkeeper, with their kinds and labels', async (t) => {
  const rows = [...page.matchAll(/^\| `(turnkeeper_\w+)` \| (\w+) \|(.*?)\| (.+) \|$/gm)];
  const documented = rows.map(([, name, kind, labels]) => ({
    name: name!,
    kind: kind!,
    labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!),
  }));
  const ours = (await registered()).filter(({ name }) => name.startsWith('turnkeeper_'));
  const expected = ours.map(({ name, type, labelNames }) => ({ name, kind: type, labels: labelNames }));
  const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
  t.deepEqual(documented.toSorted(byName), expected.toSorted(byName) as typeof documented);
});

test('metric names contain their unit, and only counters end in _total', async (t) => {
  for (const { name, type } of (await registered()).filter((each) => each.name.startsWith('turnkeeper_'))) {
    t.is(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') t.regex(name, /_seconds$/);
    t.notRegex(name, /_(ms|milliseconds|minutes|kb|mb)(_|$)/);
  }
});

test('every alert has a section in the runbook with its meaning and what to do, and every section has an alert', (t) => {
  const [, runbook] = /^## Alerts\n(.*?)^## /ms.exec(page)!;
  const sections = new Map(
    runbook!
      .split(/^### /m)
      .slice(1)
      .map((section) => [section.split('\n')[0]!, section]),
  );
  const names = alerts().map(({ name }) => name);
  t.true(names.length >= 12);
  t.deepEqual([...sections.keys()].toSorted(), names.toSorted());
  t.is(new Set(names).size, names.length);
  for (const [name, section] of sections) {
    t.regex(section, /^\*\*Means\*\*: ./m, name);
    t.regex(section, /^\*\*Do\*\*[:,] ?./m, name);
  }
  for (const { name, text } of alerts()) {
    t.regex(text, /severity: (critical|warning)/, name);
    for (const part of ['summary', 'description']) t.regex(text, new RegExp(`^ +${part}: '.+'$`, 'm'), name);
    t.true(text.includes(`runbook_url: docs/operations.md#${name.toLowerCase()}\n`), name);
  }
});

/** Prometheus' own metric: whether a scrape succeeded. And the labels that scraping with deploy/prometheus.yml adds. */
const OF_PROMETHEUS = ['up'];
const LABELS_OF_SCRAPES = ['job', 'instance', 'role', 'le'];

test('alerts, dashboard and runbook name only metrics and labels that exist', async (t) => {
  const metrics = await registered();
  const names = new Set([...OF_PROMETHEUS, ...metrics.map(({ name }) => name)]);
  for (const { name, type } of metrics)
    if (type === 'histogram') for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`);
  const labels = new Set([...LABELS_OF_SCRAPES, ...metrics.flatMap(({ labelNames }) => labelNames)]);
  const panels = dashboard().panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  const printed = [...page.matchAll(/`((?:sum|max) by[^`]+)`/g)].map(([, expr]) => expr!);
  t.true(panels.length > 30);
  t.true(printed.length > 3);
  for (const expr of [...alerts().map((alert) => alert.expr), ...panels, ...printed]) {
    const named = namedIn(expr);
    t.true(named.metrics.length > 0, expr);
    for (const metric of named.metrics) t.true(names.has(metric), `${metric} in ${expr}`);
    for (const label of named.labels) t.true(labels.has(label), `${label} in ${expr}`);
  }
  for (const [name] of page.matchAll(/\b(?:turnkeeper|nodejs|process)_[a-z_]+[a-z]\b/g)) t.true(names.has(name), name);
});

test('the parser finds all metrics and labels of an expression', (t) => {
  t.deepEqual(
    namedIn('sum by (le, role) (rate(a_bucket{job="x",y=~"z|w"}[5m])) / on() max(b) > 3 unless c offset 1h'),
    {
      metrics: ['a_bucket', 'b', 'c'],
      labels: ['job', 'y', 'le', 'role'],
    },
  );
});

test('the panels of the dashboard have unique ids, do not overlap, and read one data source', (t) => {
  const { panels, uid } = dashboard();
  t.is(uid, 'turnkeeper');
  t.is(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = new Set<string>();
  for (const { title, gridPos, targets = [], type } of panels) {
    t.true(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        t.false(cells.has(`${x},${y}`), `${title} overlaps another panel`);
        cells.add(`${x},${y}`);
      }
    }
    if (type !== 'row' && type !== 'alertlist') t.true(targets.length > 0, title);
    for (const { datasource } of targets) t.is(datasource.uid, 'prometheus');
  }
  const sources = readFileSync(join(ROOT, 'deploy/grafana/provisioning/datasources/prometheus.yml'), 'utf8');
  t.regex(sources, /^ +uid: prometheus$/m);
});
