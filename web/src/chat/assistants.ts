// The assistants that may answer, and which one the user has chosen in each session. Choices are kept in this tab.
import { signal } from '@preact/signals';
import { call } from '../api/call.ts';
import type { OpenAiModelList, Turn } from '../api/types.ts';

const STORAGE_KEY = 'turnkeeper.assistants';
/** The name in requests for the default assistant, and of the only one if the operator defines none. */
const OWN_NAME = 'turnkeeper';

export interface Assistant {
  readonly name: string;
  readonly description: string;
}

/** Loads the assistants, the default one first. Models of other names are other ways to call them. */
export async function loadAssistants(abort: AbortSignal): Promise<Assistant[]> {
  const { data } = await call<OpenAiModelList>('/v1/models', { signal: abort });
  const standard = data.find(({ id }) => id === OWN_NAME)?.assistant;
  return data
    .filter(({ id, assistant }) => id === assistant)
    .map(({ id, description }) => ({ name: id, description }))
    .toSorted((a, b) => Number(b.name === standard) - Number(a.name === standard));
}

/** The assistant of a turn. Versions without assistants had one only. */
export const assistantOf = ({ assistant }: Turn): string => assistant ?? OWN_NAME;

type Choices = Readonly<Record<string, string>>;

const choices = signal<Choices>(JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '{}') as Choices);

/** The session, or the user's next new session. */
const keyOf = (userId: string, sessionId: string | null): string => sessionId ?? `new ${userId}`;

/** Stores the choice for a session; null: forgets it. */
export function choose(userId: string, sessionId: string | null, name: string | null): void {
  const { [keyOf(userId, sessionId)]: _, ...others } = choices.value;
  choices.value = name === null ? others : { ...others, [keyOf(userId, sessionId)]: name };
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(choices.value));
}

/** The assistant that answers the next message of a session: the chosen one, otherwise that of its last turn, otherwise
 *  the default. `assistants` undefined: they are not known yet. Undefined: the server decides. */
export function nextAssistant(
  assistants: readonly Assistant[] | undefined,
  userId: string,
  sessionId: string | null,
  turns: readonly Turn[],
): string | undefined {
  const wanted = [choices.value[keyOf(userId, sessionId)], turns.at(-1)?.assistant];
  if (!assistants) return wanted.find((name) => name != null) ?? undefined;
  const known = wanted.find((name) => assistants.some((each) => each.name === name));
  return known ?? assistants[0]?.name;
}
