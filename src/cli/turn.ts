// turnkeeper turn: how it stands with a turn.
import type { Turn } from '../../web/src/api/types.ts';
import type { Command } from './command.ts';
import { followTurn } from './follow-turn.ts';
import { plain, type Output } from './output.ts';
import { endingOfTurn, remarkOn, styledRemark, TurnView } from './turn-view.ts';

function show(turn: Turn, output: Output): void {
  output.line(`${output.style('bold', turn.turn_id)}  ${turn.status}`);
  output.line(plain(`user     ${turn.user_id}, session ${turn.session_id}, turn ${turn.seq}`));
  output.line(`message  ${plain(turn.text)}`);
  const reply = turn.reply ?? turn.partial_reply;
  if (reply !== null) output.line(`reply    ${plain(reply)}`);
  if (remarkOn(turn) !== null) output.line(styledRemark(turn, output));
}

export const turn: Command = {
  words: 'turn',
  args: ['<turn-id>'],
  options: ['follow'],
  does: 'Shows a turn.',
  async run({ api, output, options }, [id]) {
    // Also before following: an id that is none, or a server that is not there, is told at once.
    let { body: turn } = await api.json<Turn>(`/turns/${encodeURIComponent(id!)}`);
    if (!options.follow) {
      if (output.json) output.document(turn);
      else show(turn, output);
      return endingOfTurn(turn);
    }
    const view = new TurnView(output);
    const onCut = () => output.note('The connection is gone; trying again …');
    for await (const event of followTurn(api, turn.turn_id, { onCut })) {
      view.show(event);
      if (event.event === 'turn') turn = event.turn;
    }
    return endingOfTurn(turn);
  },
};
