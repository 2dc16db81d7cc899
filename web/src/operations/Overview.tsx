import { call } from '../api/call.ts';
import type { Overview as OverviewJson } from '../api/types.ts';
import { LoadingPlaceholder } from '../parts/LoadingPlaceholder.tsx';
import { Notice } from '../parts/Notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { AssistantsTable } from './AssistantsTable.tsx';
import { Failures } from './Failures.tsx';
import { ModelFigures } from './ModelFigures.tsx';
import { countText, secondsText } from './numbers.ts';
import { Tile } from './Tile.tsx';
import { Topics } from './Topics.tsx';
import { TurnsChart } from './TurnsChart.tsx';

const REFRESH_MS = 5_000;
/** A turn that is queued for longer is shown as a problem. */
const MAX_QUEUED_S = 30;

/** The overview: whether turns are processed, and what fails. */
export function Overview() {
  const { value, error, reload } = useLoaded(
    'overview',
    (signal) => call<OverviewJson>('/admin/overview', { signal }),
    REFRESH_MS,
  );
  const errorNotice = error !== null && (
    <Notice kind="bad" action={{ label: 'Try again', act: reload }}>
      {error}
      {value && ' Showing the last values received.'}
    </Notice>
  );
  if (!value) return errorNotice || <LoadingPlaceholder lines={10} what="the overview" />;
  const { turns, oldest_waiting_s: oldest, takeovers, outbox } = value;
  return (
    <>
      {errorNotice}
      {!value.queues_answer && <Notice kind="bad">Redis is unavailable. Turns are accepted and stay queued.</Notice>}
      <ul class="tiles">
        <Tile
          name="Queued"
          value={countText(turns.queued)}
          detail={turns.postponed > 0 ? `${countText(turns.postponed)} wait for a budget` : ''}
        />
        <Tile name="Running" value={countText(turns.running)} />
        <Tile name="Held for review" value={countText(turns.awaiting_review)} />
        <Tile name="Oldest queued" value={secondsText(oldest)} alarming={(oldest ?? 0) > MAX_QUEUED_S} />
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
      <AssistantsTable assistants={value.assistants} />
    </>
  );
}
