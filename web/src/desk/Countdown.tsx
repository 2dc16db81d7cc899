import { useClock } from '../parts/use-clock.ts';
import { durationText } from '../parts/when.ts';

const SOON_S = 600;
const VERY_SOON_S = 60;

/** The time left until the deadline of a review. */
export function Countdown({ deadline }: { readonly deadline: string }) {
  const left = (Date.parse(deadline) - useClock()) / 1000;
  const tone = left < VERY_SOON_S ? 'bad' : left < SOON_S ? 'warn' : 'plain';
  return (
    <time class={`countdown ${tone}`} dateTime={deadline} title={`Deadline: ${new Date(deadline).toLocaleString()}`}>
      {left > 0 ? durationText(left) : 'deadline passed'}
    </time>
  );
}
