import { piecesOf } from './marks.ts';

/** A text with the words marked that caused the review. */
export const Marked = ({ text, words }: { readonly text: string; readonly words: readonly string[] }) => (
  <>
    {piecesOf(text, words).map((piece, index) =>
      // The pieces of a text do not change order, so the index is a stable key.
      piece.marked ? <mark key={index}>{piece.text}</mark> : piece.text,
    )}
  </>
);
