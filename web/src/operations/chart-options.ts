// How the chart of turns looks. Colours come from the page's style, so that dark and light are one place.
import uPlot from 'uplot';

/** A custom property's colour, resolved: a canvas knows no light-dark(). */
function colourOf(style: CSSStyleDeclaration, name: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color || style.color;
}

/** Options for columns of these statuses, the tallest first. */
export function optionsOf(
  statuses: readonly string[],
  style: CSSStyleDeclaration,
): Omit<uPlot.Options, 'width' | 'height'> {
  const soft = colourOf(style, '--soft');
  const line = colourOf(style, '--line');
  const font = `12px ${style.fontFamily}`;
  const axis: uPlot.Axis = { stroke: soft, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const columns = uPlot.paths.bars?.({ size: [0.72, 26], radius: 0.12 });
  return {
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 0, 0, 0],
    scales: { y: { range: (_plot, _low, high) => [0, Math.max(high * 1.08, 4)] } },
    axes: [
      { ...axis, grid: { show: false } },
      { ...axis, size: 52, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6] },
    ],
    series: [
      {},
      ...statuses.map((status) => ({
        fill: colourOf(style, `--status-${status.replace('_', '-')}`),
        width: 0,
        points: { show: false },
        ...(columns && { paths: columns }),
      })),
    ],
  };
}
