// turnkeeper chat: a prompt on a terminal; otherwise one message after the other.
import { createInterface } from 'node:readline';
import { chatAtPrompt } from './chat-prompt.ts';
import type { Command, Context } from './command.ts';
import { EXIT_CODES, type ExitReason } from './exit-codes.ts';
import type { ReceivedEvent } from './follow-turn.ts';
import { ChatSession } from './chat-session.ts';
import { exitReasonOfTurn, TurnView } from './turn-view.ts';

async function* lines(): AsyncGenerator<string> {
  for await (const line of createInterface({ input: process.stdin })) if (line.trim() !== '') yield line;
}

/** Sends each message when the turn before it is settled. The first failure sets the exit code. */
async function sendAll(
  session: ChatSession,
  { output }: Context,
  messages: Iterable<string> | AsyncIterable<string>,
): Promise<ExitReason> {
  process.on('SIGINT', () => {
    void session.cancel().then(
      (cancelled) => cancelled || process.exit(EXIT_CODES.interrupted.code),
      () => process.exit(EXIT_CODES.interrupted.code),
    );
  });
  let exitReason: ExitReason = 'ok';
  for await (const text of messages) {
    const { turn_id: turnId } = await session.send(text);
    const view = new TurnView(output);
    const { turn } = await session.untilSettled(turnId, (event: ReceivedEvent) => view.show(event));
    if (turn.status === 'awaiting_review') output.note(`To wait for the decision: turnkeeper turn ${turnId} --follow`);
    if (exitReason === 'ok') exitReason = exitReasonOfTurn(turn);
  }
  return exitReason;
}

export const chat: Command = {
  words: 'chat',
  args: ['[message]'],
  options: ['user', 'session', 'assistant', 'busy'],
  required: ['user'],
  description:
    'Sends a message, or each line of the input. On a terminal, shows a prompt. ' +
    'Ctrl-C cancels the running turn; the next one exits.',
  async run(context, [message]) {
    const { api, output, options } = context;
    const session = new ChatSession(api, {
      userId: options.user!,
      session: options.session,
      assistant: options.assistant,
      busy: options.busy,
      onDisconnect: () => output.note('Connection lost. Reconnecting…'),
    });
    if (message !== undefined) return sendAll(session, context, [message]);
    if (output.json || !process.stdin.isTTY || !process.stdout.isTTY) return sendAll(session, context, lines());
    // Reports a key without permission, an unavailable server or an unknown assistant before the prompt appears.
    await api.json(`/users/${encodeURIComponent(session.userId)}/turns?limit=1`);
    if (options.assistant !== undefined) await session.choose(options.assistant);
    return chatAtPrompt(session, output);
  },
};
