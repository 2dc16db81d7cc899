// turnkeeper turn: shows or follows a turn. turnkeeper retry: queues a failed one again.
import type { Turn } from '../../web/src/api/types.ts';
import type { Command } from './command.ts';
import { followTurn } from './follow-turn.ts';
import { plain, type Output } from './output.ts';
import { exitReasonOfTurn, statusNote, styledNote, TurnView } from './turn-view.ts';

function show(turn: Turn, output: Output): void {
  output.line(`${output.style('bold', turn.turn_id)}  ${turn.status}`);
  output.line(plain(`user     ${turn.user_id}, session ${turn.session_id}, turn ${turn.seq}`));
  if (turn.assistant !== null) output.line(plain(`model    ${turn.model ?? '–'}, assistant ${turn.assistant}`));
  output.line(`message  ${plain(turn.text)}`);
  for (const { tool, status } of turn.steps) output.line(plain(`call     ${tool}: ${status}`));
  const reply = turn.reply ?? turn.partial_reply;
  if (reply !== null) output.line(`reply    ${plain(reply)}`);
  if (statusNote(turn) !== null) output.line(styledNote(turn, output));
}

export const turn: Command = {
  words: 'turn',
  args: ['<turn-id>'],
  options: ['follow'],
  description: 'Shows a turn.',
  async run({ api, output, options }, [id]) {
    // Also before following, so that an unknown id or an unavailable server is reported at once.
    let { body: turn } = await api.json<Turn>(`/turns/${encodeURIComponent(id!)}`);
    if (!options.follow) {
      if (output.json) output.document(turn);
      else show(turn, output);
      return exitReasonOfTurn(turn);
    }
    const view = new TurnView(output);
    const onDisconnect = () => output.note('Connection lost. Reconnecting…');
    for await (const event of followTurn(api, turn.turn_id, { onDisconnect })) {
      view.show(event);
      if (event.event === 'turn') turn = event.turn;
    }
    return exitReasonOfTurn(turn);
  },
};

export const retryTurn: Command = {
  words: 'retry',
  args: ['<turn-id>'],
  options: [],
  description: 'Queues a failed turn again.',
  async run({ api, output }, [id]) {
    const { body } = await api.json<Turn>(`/turns/${encodeURIComponent(id!)}/retry`, { method: 'POST' });
    if (output.json) output.document(body);
    else output.line(`${body.turn_id} is queued again.`);
    return 'ok';
  },
};
