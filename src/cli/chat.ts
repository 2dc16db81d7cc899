// turnkeeper chat: with a prompt on a terminal, else one message after the other.
import { createInterface } from 'node:readline';
import { chatAtPrompt } from './chat-prompt.ts';
import type { Command, Context } from './command.ts';
import { EXIT_CODES, type Ending } from './exit-codes.ts';
import type { TurnEvent } from './follow-turn.ts';
import { ChatSession } from './chat-session.ts';
import { endingOfTurn, TurnView } from './turn-view.ts';

async function* lines(): AsyncGenerator<string> {
  for await (const line of createInterface({ input: process.stdin })) if (line.trim() !== '') yield line;
}

/** Says one after the other, each when the one before it rests. The first that fails is how it ends. */
async function sayAll(
  talk: ChatSession,
  { output }: Context,
  messages: Iterable<string> | AsyncIterable<string>,
): Promise<Ending> {
  process.on('SIGINT', () => {
    void talk.cancel().then(
      (cancelled) => cancelled || process.exit(EXIT_CODES.interrupted.code),
      () => process.exit(EXIT_CODES.interrupted.code),
    );
  });
  let ending: Ending = 'ok';
  for await (const text of messages) {
    const { turn_id: turnId } = await talk.say(text);
    const view = new TurnView(output);
    const { turn } = await talk.untilSettled(turnId, (event: TurnEvent) => view.show(event));
    if (turn.status === 'awaiting_review') output.note(`turnkeeper turn ${turnId} --follow shows what becomes of it.`);
    if (ending === 'ok') ending = endingOfTurn(turn);
  }
  return ending;
}

export const chat: Command = {
  words: 'chat',
  args: ['[message]'],
  options: ['user', 'session', 'busy'],
  required: ['user'],
  does: 'Talks: the message, or each line of the input; on a terminal with a prompt. Ctrl-C cancels what runs, then leaves.',
  async run(context, [message]) {
    const { api, output, options } = context;
    const talk = new ChatSession(api, {
      userId: options.user!,
      session: options.session,
      busy: options.busy,
      onCut: () => output.note('The connection is gone; trying again …'),
    });
    if (message !== undefined) return sayAll(talk, context, [message]);
    if (output.json || !process.stdin.isTTY || !process.stdout.isTTY) return sayAll(talk, context, lines());
    // A key without the right, or a server that is not there, is told before anybody types.
    await api.json(`/users/${encodeURIComponent(talk.userId)}/turns?limit=1`);
    return chatAtPrompt(talk, output);
  },
};
