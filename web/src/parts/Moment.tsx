import { timeText } from './when.ts';

/** A time: the time of day, with the date if it is not today; the full time on hover. */
export const Moment = ({ at }: { readonly at: string }) => (
  <time dateTime={at} title={new Date(at).toLocaleString()}>
    {timeText(new Date(at), new Date())}
  </time>
);
