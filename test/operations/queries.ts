// Reads the queries of the alert rules and the dashboard, and the metrics and labels that they name.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Alert {
  readonly name: string;
  readonly expr: string;
  /** The text of the rule in the file. */
  readonly text: string;
}

/** The rules of deploy/alerts.yml. promtool checks their format; this function only extracts the expressions. */
export function alerts(): Alert[] {
  const [, ...rules] = readFileSync(join(ROOT, 'deploy/alerts.yml'), 'utf8').split(/^ +- alert: /m);
  return rules.map((text) => {
    const expr = /^ +expr: (?:\|\n)?(.*?)\n +(?:for|labels):/ms.exec(text);
    if (!expr) throw new Error(`no expression in ${text}`);
    return { name: text.split('\n')[0]!, expr: expr[1]!, text };
  });
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

export const dashboard = (): Dashboard =>
  JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/dashboards/turnkeeper.json'), 'utf8')) as Dashboard;

export interface Named {
  readonly metrics: readonly string[];
  readonly labels: readonly string[];
}

const WORDS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'ignoring', 'without']);
const NAMES = /[A-Za-z_:][\w:]*/g;

/** The metrics and labels that a PromQL expression names, without functions, keywords and strings. */
export function namedIn(expr: string): Named {
  const labels: string[] = [];
  const keep = (inner: string) => {
    labels.push(...(inner.match(NAMES) ?? []));
    return ' ';
  };
  const rest = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{([^}]*)\}/g, (_, inner: string) => keep(inner))
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(?:by|on)\s*\(([^)]*)\)/g, (_, inner: string) => keep(inner));
  const metrics = [...rest.matchAll(/(?<!\w)([A-Za-z_:][\w:]*)(\s*\()?/g)]
    .filter(([, name, call]) => call === undefined && !WORDS.has(name!))
    .map(([, name]) => name!);
  return { metrics, labels };
}
