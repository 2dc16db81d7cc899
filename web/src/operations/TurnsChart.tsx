import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Overview } from '../api/types.ts';
import { useDark } from '../parts/use-dark.ts';
import { optionsOf } from './chart-options.ts';
import { stacked, statusesOf, TITLES } from './hours.ts';
import { timeText } from '../parts/when.ts';

const HEIGHT_PX = 220;

/** Final turns by hour and status. A table has the same numbers for users who cannot see the chart. */
export function TurnsChart({ hours }: { readonly hours: Overview['by_hour'] }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = useDark();
  const statuses = statusesOf(hours);
  const shape = `${statuses.join()} ${dark}`;
  // uPlot draws the first series first, so the tallest columns must come before those in front of them.
  const data = () => {
    const [times, ...tops] = stacked(hours, statuses);
    return [times!, ...tops.toReversed()] as uPlot.AlignedData;
  };
  useEffect(() => {
    if (!box.current || statuses.length === 0) return;
    const options = optionsOf(statuses.toReversed(), box.current);
    const chart = new uPlot({ ...options, width: box.current.clientWidth, height: HEIGHT_PX }, data(), box.current);
    plot.current = chart;
    const observer = new ResizeObserver(([entry]) => {
      chart.setSize({ width: Math.floor(entry!.contentRect.width), height: HEIGHT_PX });
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(data()), [hours]);
  return (
    <section class="card" aria-labelledby="chart-title">
      <div class="row chart-head">
        <h2 id="chart-title" class="grow">
          Final turns by hour
        </h2>
        <ul class="legend row small">
          {statuses.map((status) => (
            <li key={status}>
              <span class={`swatch ${status}`} /> {TITLES[status]}
            </li>
          ))}
        </ul>
      </div>
      {statuses.length === 0 ? (
        <p class="soft chart-empty">No final turns in the last 48 hours.</p>
      ) : (
        <div class="chart" ref={box} aria-hidden="true" />
      )}
      <details class="small">
        <summary class="soft">Show as table</summary>
        <div class="table-box" tabIndex={0} role="region" aria-label="Final turns by hour, table">
          <table>
            <thead>
              <tr>
                <th scope="col">Hour</th>
                {statuses.map((status) => (
                  <th key={status} scope="col">
                    {TITLES[status]}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {hours.toReversed().map(({ hour, by_status: counts }) => (
                <tr key={hour}>
                  <th scope="row">{timeText(new Date(hour), new Date())}</th>
                  {statuses.map((status) => (
                    <td key={status}>{counts[status] ?? 0}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}
