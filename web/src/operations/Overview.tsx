import { call } from '../api/call.ts';
import type { Overview as OverviewJson } from '../api/types.ts';
import { Bones } from '../parts/Bones.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { Failures } from './Failures.tsx';
import { ModelFigures } from './ModelFigures.tsx';
import { countText, secondsText } from './numbers.ts';
import { Tile } from './Tile.tsx';
import { Topics } from './Topics.tsx';
import { TurnsChart } from './TurnsChart.tsx';

const EVERY_MS = 5_000;
/** A turn that has waited for so long wants looking at. */
const LONG_S = 30;

/** Whether turns flow, in one look. */
export function Overview() {
  const { value, error, reload } = useLoaded(
    'overview',
    (signal) => call<OverviewJson>('/admin/overview', { signal }),
    EVERY_MS,
  );
  const trouble = error !== null && (
    <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
      {error}
      {value && ' These are the last figures that came.'}
    </Notice>
  );
  if (!value) return trouble || <Bones lines={10} what="the overview" />;
  const { turns, oldest_waiting_s: oldest, takeovers, outbox } = value;
  return (
    <>
      {trouble}
      {!value.queues_answer && <Notice kind="bad">Redis does not answer: turns are accepted and wait.</Notice>}
      <ul class="tiles">
        <Tile name="Queued" value={countText(turns.queued)} />
        <Tile name="Running" value={countText(turns.running)} />
        <Tile name="Awaiting review" value={countText(turns.awaiting_review)} />
        <Tile name="Oldest waiting" value={secondsText(oldest)} alarming={(oldest ?? 0) > LONG_S} />
        <Tile name="Takeovers, 24 h" value={countText(takeovers)} />
        <Tile name="Outbox" value={countText(outbox.waiting)} detail={outbox.age_s ? secondsText(outbox.age_s) : ''} />
      </ul>
      <TurnsChart hours={value.by_hour} />
      <div class="halves">
        <Topics topics={value.topics} />
        <div class="stack">
          <ModelFigures model={value.model} />
          <Failures failures={value.failures} />
        </div>
      </div>
    </>
  );
}
