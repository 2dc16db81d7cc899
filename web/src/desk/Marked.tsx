import { piecesOf } from './marks.ts';

/** A text with the words marked that asked for the review. */
export const Marked = ({ text, words }: { readonly text: string; readonly words: readonly string[] }) => (
  <>
    {piecesOf(text, words).map((piece, index) =>
      // The pieces of one text never change places.
      piece.marked ? <mark key={index}>{piece.text}</mark> : piece.text,
    )}
  </>
);
