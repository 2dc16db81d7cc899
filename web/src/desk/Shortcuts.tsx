import { Dialog } from '../parts/Dialog.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['J / K', 'next or previous review'],
  ['L', 'focus the list; arrow keys select, Enter opens'],
  ['C', 'claim or release the review'],
  ['A', 'approve'],
  ['E', 'edit the draft or the arguments'],
  ['R', 'reject; of an unknown outcome: the call was not carried out'],
  ['V', 'return the draft to the model with a note'],
  ['S', 'respond: enter the result of the call'],
  ['T', 'retry a call with an unknown outcome'],
  ['Ctrl + Enter', 'confirm the decision'],
  ['Escape', 'cancel the decision'],
  ['N', 'open the next review after a decision'],
  ['/', 'filter'],
  ['?', 'show this list'],
];

/** The dialog with the keyboard shortcuts of the desk. */
export const Shortcuts = ({ onClose }: { readonly onClose: () => void }) => (
  <Dialog title="Keyboard shortcuts" onClose={onClose}>
    <dl class="shortcuts">
      {KEYS.map(([key, action]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{action}</dd>
        </div>
      ))}
    </dl>
    <form method="dialog">
      <button class="primary" type="submit">
        Close
      </button>
    </form>
  </Dialog>
);
