// The example examples/pubsub-reviewer, built with Go and run with its own daprd: it decides reviews only over pub/sub.
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
  // With turnkeeper's components, whose scopes allow this app id only what it needs.
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
  { text: 'be calm', status: 'completed', reply: (text: string) => text, decision: 'approve' },
  {
    text: 'see https://example.com/x now',
    status: 'completed',
    reply: (text: string) => text.replace('https://example.com/x', '[link removed]'),
    decision: 'edit',
  },
  {
    text: 'your Password is x',
    status: 'rejected',
    reply: () => 'Message rejected by human reviewer.',
    decision: 'reject',
  },
] as const;

run(`a Go service decides the reviews of ${TURNS} turns over pub/sub, and each turn ends as decided`, async (t) => {
  const app = await startApp(t, { runtime: 'dapr' });
  await startReviewer(t, app.redisUrl);
  const turns = await Promise.all(
    Array.from({ length: TURNS }, async (_, n) => {
      const draft = DRAFTS[n % DRAFTS.length]!;
      const text = `help ${n}: ${draft.text}`;
      const { turn_id: turnId } = await chat(app.url, { user_id: `user-${n % 10}`, text });
      return { turnId, text, draft };
    }),
  );
  for (const { turnId, text, draft } of turns) {
    const turn = await eventually(`${text} is reviewed`, async () => {
      const current = await turnOf(app.url, turnId);
      return ['completed', 'rejected', 'failed', 'expired'].includes(current.status) && current;
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
