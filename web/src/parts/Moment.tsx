import { whenText } from './when.ts';

/** A moment: the time of day, or the date where it is another day; the whole of it on hover. */
export const Moment = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={new Date(at).toLocaleString()}>
    {whenText(new Date(at), new Date())}
  </time>
);
