// The supervisor, with children that are played by the test.
import test from 'ava';
import type { ChildProcess } from '../../src/processes/cluster.ts';
import { Requests } from '../../src/processes/requests.ts';
import { Supervisor, type SupervisorOptions } from '../../src/processes/supervisor.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { eventually } from '../support/client.ts';
import type { Owner } from '../support/owner.ts';
import { channel } from '../support/ports.ts';

interface PlayedChild {
  readonly requests: Requests;
  /** Ends it with this reason. */
  end(reason: string): void;
  readonly killed: boolean;
  readonly askedToStop: boolean;
}

/** Starts a supervisor. `behave` plays each child, in the order of their starts. */
function supervise(
  t: Owner,
  behave: (child: PlayedChild, number: number) => void,
  options: Partial<SupervisorOptions> = {},
) {
  const children: PlayedChild[] = [];
  const fatal: string[] = [];
  const counts = { ready: 0, restarts: 0 };
  const fork = (): ChildProcess => {
    const { parent, child, close } = channel();
    const { promise: exited, resolve } = Promise.withResolvers<string>();
    const end = (reason: string) => {
      close();
      resolve(reason);
    };
    const state = { killed: false, askedToStop: false };
    child.onMessage((message) => {
      if ((message as { stop?: string }).stop) state.askedToStop = true;
    });
    const played = Object.assign(state, { requests: new Requests(child), end });
    children.push(played);
    behave(played, children.length);
    const kill = () => {
      state.killed = true;
      end('signal SIGKILL');
    };
    return { pid: children.length, port: parent, exited, kill };
  };
  const supervisor = new Supervisor({
    count: 2,
    fork,
    order: (name) => ({ name }),
    handlers: {},
    onFatal: (reason) => fatal.push(reason),
    onReady: (count) => void (counts.ready = count),
    onRestart: () => void (counts.restarts += 1),
    log: createLog('silent'),
    restartMs: 1,
    stopMs: 100,
    ...options,
  });
  t.teardown(() => supervisor.stop());
  return { supervisor, children, fatal, counts };
}

const URL = 'http://127.0.0.1:8080';
const becomeReady = ({ requests }: PlayedChild) => void requests.ask('ready', { url: URL }, 1_000).catch(() => {});

test('it is ready when every child is ready, and each child has a name', async (t) => {
  const names: unknown[] = [];
  const { supervisor, counts } = supervise(t, (child) => {
    void child.requests.ask('order', {}, 1_000).then((order) => {
      names.push(order);
      becomeReady(child);
    });
  });
  t.is(await supervisor.start(), URL);
  t.deepEqual(names, [{ name: '1' }, { name: '2' }]);
  t.is(counts.ready, 2);
});

test('if a child cannot start, the start rejects with the reason that the child gave', async (t) => {
  const { supervisor, fatal } = supervise(t, (child, number) => {
    if (number === 1)
      void child.requests.ask('failed', { reason: 'the port is in use' }, 1_000).then(() => child.end('exit code 1'));
  });
  await t.throwsAsync(supervisor.start(), { message: 'the port is in use' });
  t.deepEqual(fatal, []);
});

test('a child that ends is restarted under its name', async (t) => {
  const orders: unknown[] = [];
  const { supervisor, children, counts, fatal } = supervise(t, (child) => {
    void child.requests.ask('order', {}, 1_000).then((order) => {
      orders.push(order);
      becomeReady(child);
    });
  });
  await supervisor.start();
  children[1]!.end('signal SIGKILL');
  await eventually('it is ready again', async () => children.length === 3 && counts.ready === 2);
  t.deepEqual(orders[2], { name: '2' });
  t.is(counts.restarts, 1);
  t.deepEqual(fatal, []);
});

test('a child that fails at once again and again is tried again while another one is ready', async (t) => {
  const { supervisor, children, fatal } = supervise(t, (child, number) => {
    if (number <= 2) becomeReady(child);
    else setImmediate(() => child.end('exit code 7'));
  });
  await supervisor.start();
  children[0]!.end('exit code 7');
  await eventually('it is tried more than five times', async () => children.length > 9);
  t.deepEqual(fatal, []);
});

test('when no child stays up, they are given up with the last reason', async (t) => {
  const { supervisor, children, fatal } = supervise(t, (child, number) => {
    if (number <= 2) becomeReady(child);
    else setImmediate(() => child.end('exit code 7'));
  });
  await supervisor.start();
  for (const child of children.slice(0, 2)) child.end('exit code 7');
  await eventually('both are given up', async () => fatal.length === 2);
  t.deepEqual(
    fatal.toSorted(),
    ['1', '2'].map(
      (name) => `no process stays up; process ${name} failed 5 times in a row, the last time: exit code 7`,
    ),
  );
  t.is(children.length, 2 * 5);
});

test('a stop asks the children that are ready, and kills those that take too long or still start', async (t) => {
  const { supervisor, children, counts } = supervise(
    t,
    (child, number) => {
      if (number < 3) becomeReady(child);
    },
    { count: 3 },
  );
  const started = t.throwsAsync(supervisor.start());
  await eventually('two are ready', async () => counts.ready === 2);
  const stopped = supervisor.stop();
  await eventually('both are asked', async () => children[0]!.askedToStop && children[1]!.askedToStop);
  t.false(children[0]!.killed);
  t.true(children[2]!.killed);
  children[0]!.end('exit code 0');
  await stopped;
  t.true(children[1]!.killed);
  await started;
  t.is(children.length, 3);
});

test('only the answers that arrive in time are returned', async (t) => {
  const { supervisor } = supervise(t, (child, number) => {
    child.requests.serve('metrics', () => (number === 1 ? new Promise(() => {}) : Promise.resolve(`of ${number}`)));
    becomeReady(child);
  });
  await supervisor.start();
  t.deepEqual(await supervisor.askAll('metrics', 50), ['of 2']);
});
