// Options of the turns chart. Colours come from CSS custom properties, which define the light and dark themes.
import uPlot from 'uplot';

const HALF_HOUR_S = 1_800;

/** The resolved colour of a custom property: a canvas does not support light-dark(). */
function colourOf(inside: Element, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  inside.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const HOUR = new Intl.DateTimeFormat(undefined, { hour: 'numeric' });
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** Labels in the browser's language; the first label of a day has the date below. Unix times in seconds. */
function hourLabels(times: readonly number[]): string[] {
  const days = times.map((time) => DAY.format(time * 1_000));
  return times.map((time, at) => HOUR.format(time * 1_000) + (days[at] === days[at - 1] ? '' : `\n${days[at]}`));
}

/** Options for columns of these statuses, the tallest first, with the colours that apply inside an element. */
export function optionsOf(statuses: readonly string[], inside: Element): Omit<uPlot.Options, 'width' | 'height'> {
  const soft = colourOf(inside, '--soft');
  const line = colourOf(inside, '--line');
  const font = `12px ${getComputedStyle(inside).fontFamily}`;
  const axis: uPlot.Axis = { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const columns = uPlot.paths.bars?.({ size: [0.72, 26], radius: 0.12 });
  return {
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 0, 0, 0],
    // Half an hour more on both sides, so that the first and the last column are not cut.
    scales: {
      x: { range: (_plot, low, high) => [low - HALF_HOUR_S, high + HALF_HOUR_S] },
      y: { range: (_plot, _low, high) => [0, Math.max(high * 1.08, 4)] },
    },
    axes: [
      { ...axis, grid: { show: false }, values: (_plot, times) => hourLabels(times) },
      { ...axis, size: 52, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] },
    ],
    series: [
      {},
      ...statuses.map((status) => ({
        fill: colourOf(inside, `--status-${status.replace('_', '-')}`),
        width: 0,
        points: { show: false },
        ...(columns && { paths: columns }),
      })),
    ],
  };
}
