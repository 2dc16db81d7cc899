import type { Step } from '../api/derived.ts';

const WORDS: Readonly<Record<Step['status'], string>> = {
  proposed: 'planned',
  awaiting_review: 'waits for a person',
  running: 'running',
  done: 'done',
  failed: 'failed',
  declined: 'declined',
  unknown: 'outcome not known',
};

/** The calls of tools of a turn: one line each, without arguments. */
export const Steps = ({ steps }: { readonly steps: readonly Step[] }) =>
  steps.length === 0 ? null : (
    <ol class="steps small" aria-label="Tool calls">
      {steps.map(({ step, tool, status }) => (
        <li key={step} data-status={status}>
          <span class="tool">{tool}</span> <span class="soft">{WORDS[status]}</span>
        </li>
      ))}
    </ol>
  );
