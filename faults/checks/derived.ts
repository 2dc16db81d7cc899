// I5 and what else is derived from the turns: summaries, analytics, dead letters, an empty outbox.
import type { Check, Evidence } from './evidence.ts';

function summaries({ rows, summaries }: Evidence): string[] {
  const last = new Map<string, number>();
  for (const { user_id: user, seq } of rows.messages) last.set(user, Math.max(last.get(user) ?? 0, seq));
  return [...last].flatMap(([user, seq]) => {
    const through = summaries.get(user) ?? 0;
    if (through > seq) return [`${user}: the summary covers ${through}, the last delivered turn is ${seq}`];
    return through < seq ? [`${user}: the summary covers ${through} of ${seq}`] : [];
  });
}

function analytics({ rows, counted }: Evidence): string[] {
  const actual: Record<string, number> = {};
  for (const { status } of rows.turns) actual[status] = (actual[status] ?? 0) + 1;
  return ['completed', 'failed', 'rejected'].flatMap((status) => {
    const [is, was] = [actual[status] ?? 0, counted[status] ?? 0];
    return is === was ? [] : [`${status}: ${was} counted, ${is} rows`];
  });
}

export const DERIVED_CHECKS: readonly Check[] = [
  { name: 'I5 summaries', run: summaries },
  { name: 'analytics equal the rows', run: analytics },
  { name: 'no dead letters', run: ({ deadLetters }) => [...deadLetters] },
  { name: 'backlog drains', run: ({ leftOver }) => [...leftOver] },
];
