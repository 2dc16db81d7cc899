import { diffWordsWithSpace } from 'diff';
import { useMemo } from 'preact/hooks';

/** The changes of an edit against the draft, word by word. */
export function Diff({ draft, edited }: { readonly draft: string; readonly edited: string }) {
  const changes = useMemo(() => diffWordsWithSpace(draft, edited), [draft, edited]);
  return (
    <p class="text diff">
      {changes.map(({ value, added, removed }, index) => {
        if (added) return <ins key={index}>{value}</ins>;
        return removed ? <del key={index}>{value}</del> : <span key={index}>{value}</span>;
      })}
    </p>
  );
}
