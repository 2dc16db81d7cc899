import { useClock } from '../parts/use-clock.ts';
import { spanText } from '../parts/when.ts';

const SOON_S = 600;
const VERY_SOON_S = 60;

/** How long until a review ends by itself. */
export function Countdown({ deadline }: { readonly deadline: string }) {
  const left = (Date.parse(deadline) - useClock()) / 1000;
  const tone = left < VERY_SOON_S ? 'bad' : left < SOON_S ? 'warn' : 'plain';
  return (
    <time class={`countdown ${tone}`} dateTime={deadline} title={`Until ${new Date(deadline).toLocaleString()}`}>
      {left > 0 ? spanText(left) : 'deadline passed'}
    </time>
  );
}
