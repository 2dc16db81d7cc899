// The results of calls in the new part of a request: reads and validates them. No I/O.
import { CLIENT_TOOL_LIMITS, type ClientResult } from '../../domain/tools/client-tools.ts';
import { storableText as storable } from '../../domain/text.ts';
import { storableText } from '../schemas.ts';
import { isText, textOf, type Entry, type ReplyEntry, type ResultEntry } from './entries.ts';
import type { PartFault } from './pictures.ts';

/** A result, and the pointer of its call's id in the request. */
export interface GivenResult extends ClientResult {
  readonly pointer: string;
}

const callId = storableText(1, 200);

const isResult = (entry: Entry): entry is ResultEntry => entry.kind === 'result';

/** The results among the entries. `member`: has the id of the call. */
export const resultsOf = (entries: readonly Entry[]) =>
  entries.filter(isResult).map(({ index, callId: id, content, members }) => ({
    callId: String(id),
    content: storable(textOf(content)),
    index,
    member: members.callId,
  }));

function faultsOf({ index, callId: id, content, members }: ResultEntry): PartFault[] {
  const issues = callId.safeParse(id).error?.issues ?? [];
  const faults: PartFault[] = issues.slice(0, 1).map(({ message }) => ({
    path: [index, members.callId],
    message: id === undefined ? 'is required' : message,
  }));
  const parts: readonly unknown[] = Array.isArray(content) ? content : [];
  const other = parts.findIndex((part) => !isText(part));
  if (other >= 0) faults.push({ path: [index, members.content, other], message: 'must be a text' });
  else if (typeof content !== 'string' && !Array.isArray(content) && (content ?? null) !== null)
    faults.push({ path: [index, members.content], message: 'must be a string or an array of text parts' });
  return faults;
}

/** The faults of the results, and of their relation to the calls of the reply before them, if the client shows it. */
export function resultFaults(entries: readonly Entry[], reply: ReplyEntry | null): PartFault[] {
  const results = entries.filter(isResult);
  const [first] = results;
  if (!first) return [];
  const faults = results.flatMap(faultsOf);
  if (faults.length > 0) return faults;
  const calls = (reply?.calls ?? []).map(({ id }) => id);
  const seen = new Set<string>();
  for (const { index, callId: id, members } of results) {
    const path = [index, members.callId];
    if (seen.has(String(id))) faults.push({ path, message: 'must be different from the others' });
    else if (calls.length > 0 && !calls.includes(String(id)))
      faults.push({ path, message: 'must be the id of a call of the message before' });
    seen.add(String(id));
  }
  const missing = calls.filter((id) => !seen.has(id));
  if (missing.length > 0)
    faults.push({
      path: [first.index],
      message: `must be followed by the results of all calls: ${missing.join(', ')}`,
    });
  const characters = resultsOf(results).reduce((sum, { content }) => sum + content.length, 0);
  const { resultCharacters, tools } = CLIENT_TOOL_LIMITS;
  if (results.length > tools) faults.push({ path: [], message: `must have at most ${tools} results` });
  if (characters > resultCharacters)
    faults.push({ path: [], message: `must have results of at most ${resultCharacters} characters together` });
  return faults;
}
