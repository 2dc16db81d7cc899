import { useEffect, useState } from 'preact/hooks';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark: for canvases, which CSS does not style. */
export function useDark(): boolean {
  const [isDark, setIsDark] = useState(dark.matches);
  useEffect(() => {
    const changed = (): void => setIsDark(dark.matches);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);
  return isDark;
}
