// examples/pubsub-reviewer, built with Go and run with a daprd of its own: it reviews by pub/sub alone.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { startChild } from '../../local/child.ts';
import { freePort } from '../../local/ports.ts';
import { daprBinaries, startApp } from '../support/app.ts';
import { chat, eventually } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { Owner } from '../support/owner.ts';
import { reviewOf, turnOf } from '../reviews/support.ts';
import { COMPONENTS, metricOf, startDaprd } from './support.ts';

const SOURCE = new URL('../../examples/pubsub-reviewer', import.meta.url).pathname;
const TURNS = 50;

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const run = daprBinaries && hasGo() ? test : test.skip;

async function startReviewer(t: Owner, redisUrl: string): Promise<void> {
  const dataDir = temporaryFolder(t);
  const program = join(dataDir, 'pubsub-reviewer');
  const env = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '-buildvcs=false' };
  execFileSync('go', ['build', '-o', program, '.'], { cwd: SOURCE, env, stdio: 'pipe' });
  const appPort = await freePort();
  // With turnkeeper's own components: the scopes there let it do what it does, and no more.
  const { httpPort } = await startDaprd(t, { appId: 'reviewer', appPort, redisUrl, components: COMPONENTS });
  const child = await startChild({
    name: 'pubsub-reviewer',
    dataDir,
    command: program,
    args: [],
    env: { APP_PORT: String(appPort), DAPR_HTTP_PORT: String(httpPort) },
    ready: async () => (await fetch(`http://127.0.0.1:${appPort}/dapr/subscribe`)).ok,
  });
  t.teardown(() => child.stop());
}

const DRAFTS = [
  { says: 'be calm', status: 'completed', reply: (text: string) => text, decision: 'approve' },
  {
    says: 'see https://example.com/x now',
    status: 'completed',
    reply: (text: string) => text.replace('https://example.com/x', '[link removed]'),
    decision: 'edit',
  },
  {
    says: 'your Password is x',
    status: 'rejected',
    reply: () => 'Message rejected by human reviewer.',
    decision: 'reject',
  },
] as const;

run(`a service in Go reviews ${TURNS} held turns by pub/sub alone, and each ends as it decided`, async (t) => {
  const app = await startApp(t, { runtime: 'dapr' });
  await startReviewer(t, app.redisUrl);
  const turns = await Promise.all(
    Array.from({ length: TURNS }, async (_, n) => {
      const draft = DRAFTS[n % DRAFTS.length]!;
      const text = `help ${n}: ${draft.says}`;
      const { turn_id: turnId } = await chat(app.url, { user_id: `user-${n % 10}`, text });
      return { turnId, text, draft };
    }),
  );
  for (const { turnId, text, draft } of turns) {
    const turn = await eventually(`${text} is reviewed`, async () => {
      const now = await turnOf(app.url, turnId);
      return ['completed', 'rejected', 'failed', 'expired'].includes(now.status) && now;
    });
    t.is(turn.status, draft.status, text);
    t.is(turn.reply, draft.reply(`echo: ${text}`));
    t.like(await reviewOf(app.url, turn.review!.review_id), {
      decision: draft.decision,
      decided_by: 'pubsub-reviewer',
    });
  }
  t.is(await metricOf(app.url, 'turnkeeper_events_ignored_total'), 0);
});
