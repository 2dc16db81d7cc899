import { useLayoutEffect, useRef } from 'preact/hooks';

/** Handlers by key. Ctrl or Cmd is part of the name: `ctrl+enter`. */
export type Keys = Readonly<Record<string, () => void>>;

const nameOf = ({ key, ctrlKey, metaKey }: KeyboardEvent): string =>
  `${ctrlKey || metaKey ? 'ctrl+' : ''}${key.length === 1 ? key : key.toLowerCase()}`;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, textarea, select');

/** Keyboard shortcuts of the page. In an input only keys with Ctrl or Cmd, and Escape, are handled. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  current.current = keys;
  // A layout effect: it runs before the page is painted, so the first key that a user presses is not lost.
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const name = nameOf(event);
      const act = current.current[name];
      if (!act || event.altKey || event.defaultPrevented || document.querySelector('dialog[open]')) return;
      if (isTyping(event.target) && !name.startsWith('ctrl+') && name !== 'escape') return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}
