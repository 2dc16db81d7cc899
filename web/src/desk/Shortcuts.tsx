import { Dialog } from '../parts/Dialog.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['J / K', 'the next review, the one before'],
  ['L', 'to the list; arrows move in it, Enter opens'],
  ['C', 'claim the review, or give it back'],
  ['A', 'approve'],
  ['E', 'edit the draft'],
  ['R', 'reject'],
  ['Ctrl + Enter', 'confirm what was begun'],
  ['Escape', 'leave it'],
  ['N', 'go on to the next when one is done'],
  ['/', 'filter'],
  ['?', 'this help'],
];

/** Every key of the desk. */
export const Shortcuts = ({ onClose }: { readonly onClose: () => void }) => (
  <Dialog title="Keyboard" onClose={onClose}>
    <dl class="shortcuts">
      {KEYS.map(([key, does]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{does}</dd>
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
