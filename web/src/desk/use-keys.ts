import { useEffect, useRef } from 'preact/hooks';

/** What a key does; a modifier in the name as in `ctrl+enter`. */
export type Keys = Readonly<Record<string, () => void>>;

const nameOf = ({ key, ctrlKey, metaKey }: KeyboardEvent): string =>
  `${ctrlKey || metaKey ? 'ctrl+' : ''}${key.length === 1 ? key : key.toLowerCase()}`;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input, textarea, select');

/** Keys of the whole page. While somebody types only those with a modifier, and Escape, are ours. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  current.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const name = nameOf(event);
      const act = current.current[name];
      if (!act || event.altKey || event.defaultPrevented || document.querySelector('dialog[open]')) return;
      if (isTyping(event.target) && !name.startsWith('ctrl+') && name !== 'escape') return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}
