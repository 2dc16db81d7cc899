// Joins the metrics of several processes into one text for Prometheus. Their series differ in the label `process`.

/** Joins texts of prom-client: blocks separated by empty lines, each with two lines that describe a metric, then its
 *  values. A metric of several texts is described once, and all its values follow, as the format requires. */
export function joinScrapes(texts: readonly string[]): string {
  const metrics = new Map<string, string[]>();
  for (const block of texts.flatMap((text) => text.trim().split('\n\n'))) {
    const [help = '', type = '', ...values] = block.split('\n');
    const description = `${help}\n${type}`;
    const known = metrics.get(description);
    if (known) known.push(...values);
    else metrics.set(description, values);
  }
  return `${[...metrics].map(([description, values]) => [description, ...values].join('\n')).join('\n\n')}\n`;
}
