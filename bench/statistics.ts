// Percentiles and medians. No I/O.

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** The median; of an even number of values the upper one of the two in the middle. NaN: there is no value. */
export const median = (values: readonly number[]): number =>
  quantileOf(
    values.toSorted((a, b) => a - b),
    0.5,
  );

function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The median and the 99th percentile. Null: there is no value. */
export function quantiles(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: quantileOf(sorted, 0.5), p99: quantileOf(sorted, 0.99) };
}

/** The median of what `read` returns. Null: there is no item, or `read` returns null for one. */
export function medianOf<T>(items: readonly T[], read: (item: T) => number | null): number | null {
  const values = items.map(read);
  return values.length === 0 || values.includes(null) ? null : median(values as number[]);
}

/** The medians of quantiles. Null as for `medianOf`. */
export function medianQuantiles<T>(items: readonly T[], read: (item: T) => Quantiles | null): Quantiles | null {
  const p50 = medianOf(items, (item) => read(item)?.p50 ?? null);
  const p99 = medianOf(items, (item) => read(item)?.p99 ?? null);
  return p50 === null || p99 === null ? null : { p50, p99 };
}
