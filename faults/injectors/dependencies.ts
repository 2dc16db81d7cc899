// Faults of the model and of the receiver of webhooks, and more load than the system can take.
import type { ModelFault } from '../system/model.ts';
import type { ReceiverFault } from '../system/receiver.ts';
import { BOTH, type Kind } from './kind.ts';

const SHARE = 0.5;
const BURST_CLIENTS = 250;

const ofModel = (name: string, fault: ModelFault): Kind => ({
  name,
  rows: [22, 36],
  runtimes: BOTH,
  group: 'model',
  seconds: 4,
  inject({ system, draw }) {
    system.base.model.fail(fault, SHARE, draw);
    return { heal: () => system.base.model.heal() };
  },
});

const ofReceiver = (name: string, fault: ReceiverFault): Kind => ({
  name,
  rows: [38],
  runtimes: BOTH,
  group: 'webhook',
  seconds: 3,
  inject({ system }) {
    system.base.receiver.fail(fault);
    return { heal: () => system.base.receiver.heal() };
  },
});

export const DEPENDENCY_KINDS: readonly Kind[] = [
  ofModel('model-fails', 'status 500'),
  ofModel('model-refuses', 'status 429'),
  ofModel('model-hangs', 'hang'),
  ofModel('model-resets', 'reset'),
  ofModel('model-malformed', 'malformed'),
  ofReceiver('receiver-fails', 'status 500'),
  ofReceiver('receiver-resets', 'reset'),
  ofReceiver('receiver-answers-lost', 'lost answer'),
  {
    name: 'overload',
    rows: [44, 20],
    runtimes: BOTH,
    group: 'load',
    seconds: 6,
    inject({ load }) {
      load.burst(BURST_CLIENTS, 5_000);
      return { detail: `${BURST_CLIENTS} more clients`, heal: () => {} };
    },
  },
];
