import type { ComponentChildren } from 'preact';

interface Props {
  readonly kind?: 'info' | 'good' | 'warn' | 'bad';
  readonly children: ComponentChildren;
  readonly action?: { readonly label: string; readonly act: () => void };
}

/** A message next to what it is about. Screen readers announce it when it appears. */
export const Notice = ({ kind = 'info', children, action }: Props) => (
  <div class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
    {children}
    {action && (
      <button type="button" onClick={action.act}>
        {action.label}
      </button>
    )}
  </div>
);
