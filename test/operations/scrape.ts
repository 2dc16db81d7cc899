// Reads a scrape as Prometheus does.
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scraped {
  readonly text: string;
  /** Name to type of all metrics, with or without samples. */
  readonly types: ReadonlyMap<string, string>;
  readonly samples: readonly Sample[];
  /** Value of the first sample with this name and at least these labels. Undefined: there is no such sample. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

/** Reads Prometheus' text format. */
export function parseScrape(text: string): Scraped {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const samples = lines.map((line): Sample => {
    const [, name, inner, value] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line)!;
    const labels = Object.fromEntries(
      [...(inner ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, of]) => [key!, of!]),
    );
    return { name: name!, labels, value: Number(value) };
  });
  return {
    text,
    types,
    samples,
    value: (name, labels = {}) =>
      samples.find(
        (sample) => sample.name === name && Object.entries(labels).every(([key, of]) => sample.labels[key] === of),
      )?.value,
  };
}

/** Scrapes the metrics port at `url`. */
export async function scrapeOf(url: string): Promise<Scraped> {
  const response = await fetch(`${url}/metrics`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return parseScrape(text);
}
