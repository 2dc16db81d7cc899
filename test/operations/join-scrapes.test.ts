import test from 'ava';
import { joinScrapes } from '../../src/telemetry/join-scrapes.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { parseScrape } from './scrape.ts';

test('the metrics of several processes form one text, with each metric described once and each value labelled', async (t) => {
  const texts = await Promise.all(
    ['primary', '1', '2'].map((process, index) => {
      const { registry, turnsAccepted, turnsFinished, backlog } = createMetrics(process);
      turnsAccepted.inc(index);
      turnsFinished.inc({ status: 'completed' }, index);
      if (index === 0) backlog.turnsQueued.set(7);
      return registry.metrics();
    }),
  );
  const joined = joinScrapes(texts);
  const scraped = parseScrape(joined);
  const { types, samples } = scraped;
  t.is(scraped.value('turnkeeper_turns_accepted_total', { process: '2' }), 2);
  t.is(scraped.value('turnkeeper_turns_finished_total', { process: '1', status: 'completed' }), 1);
  t.deepEqual(
    samples.filter(({ name }) => name === 'turnkeeper_turns_waiting').map(({ labels }) => labels),
    [{ process: 'primary' }],
  );
  for (const kind of ['TYPE', 'HELP']) t.is(joined.split(`# ${kind} `).length - 1, types.size, kind);
  t.is(samples.length, texts.flatMap((text) => parseScrape(text).samples).length);
});

test('the metrics of the only process have no label process', async (t) => {
  t.notRegex(await createMetrics().registry.metrics(), /process="/);
});
