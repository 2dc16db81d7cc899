import { useEffect, useState } from 'preact/hooks';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark: for what is painted and not styled. */
export function useDark(): boolean {
  const [is, setIs] = useState(dark.matches);
  useEffect(() => {
    const changed = (): void => setIs(dark.matches);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);
  return is;
}
