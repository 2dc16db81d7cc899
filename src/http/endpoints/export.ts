// Exports all data of a user as one JSON document. It is streamed while it is read, because it may not fit into memory.
import type { Charge } from '../../domain/budgets/budget.ts';
import type { Review } from '../../domain/review.ts';
import type { ConversationRow } from '../../domain/conversation.ts';
import { urlOf } from '../../domain/pictures/picture.ts';
import type { RequestOfTurn } from '../../domain/tools/client-tools.ts';
import type { Turn } from '../../domain/turn.ts';
import { chargeJson } from './budgets.ts';
import { activityJson } from './analytics.ts';
import { messageJson } from './conversations.ts';
import { historyJson, memoryJson } from './memories.ts';
import { listedReviewJson, reviewEventsJson } from './review-json.ts';
import type { Services } from '../services.ts';
import { turnJson, withContents } from './turn-json.ts';

const PAGE = 200;
/** What clients ask for may have a megabyte for each turn. */
const REQUESTS = 10;

/** Yields the items of all pages, up to the first page that is not full. `next` gets the last item of the previous page. */
async function* paged<T>(
  next: (after: T | undefined) => Promise<T[]>,
  size = PAGE,
): AsyncGenerator<T, void, undefined> {
  for (let last: T | undefined; ;) {
    const page = await next(last);
    yield* page;
    last = page.at(-1);
    if (page.length < size) return;
  }
}

/** The pictures of the user's messages, turn by turn: each as an https address or a data URL. */
async function* picturesOf({ turns }: Services, userId: string): AsyncGenerator<object, void, undefined> {
  for (let last: string | undefined; ;) {
    const next = await turns.nextPictures(userId, last);
    if (!next) return;
    const { turnId, pictures } = next;
    for (const picture of pictures) yield { turn_id: turnId, url: urlOf(picture), detail: picture.detail };
    last = turnId;
  }
}

async function* arrayOf<T>(items: AsyncIterable<T>, write: (item: T) => unknown): AsyncGenerator<string> {
  let separator = '[';
  for await (const item of items) {
    yield separator + JSON.stringify(await write(item));
    separator = ',\n';
  }
  yield separator === '[' ? '[]' : ']';
}

/** What a client of /v1 asked for besides text. */
const clientRequestJson = ({ turnId, request: { tools, results } }: RequestOfTurn) => ({
  turn_id: turnId,
  tools,
  results: results.map(({ callId, content }) => ({ call_id: callId, content })),
});

/** The fields of a review that the user may see. They never include a draft that was not approved. */
function reviewForUser(review: Review): object {
  const { review_id, kind, turn_id, session_id, status, reasons, deadline, decision, decided_at, created_at } =
    listedReviewJson(review);
  return { review_id, kind, turn_id, session_id, status, reasons, deadline, decision, decided_at, created_at };
}

/** The document in chunks. `withDrafts`: include drafts, audit trails, and the arguments and results of tools, for
 *  callers that may use reviews. The parts are
 *  not read in one transaction: each is in the state of its own query. @throws Unavailable */
export async function* exportOf(services: Services, userId: string, withDrafts: boolean): AsyncGenerator<string> {
  const { memory, analytics, turns, conversations, budgets, reviews } = services;
  const [record, history, activity] = await Promise.all([
    memory.read(userId),
    memory.history(userId),
    analytics.ofUser(userId),
  ]);
  const head = {
    user_id: userId,
    exported_at: new Date().toISOString(),
    memory: memoryJson(record),
    memory_history: historyJson(history),
    analytics: activityJson(activity),
  };
  yield `${JSON.stringify(head).slice(0, -1)},\n"turns":`;
  yield* arrayOf(
    paged((last: Turn | undefined) => turns.list(userId, { beforeSeq: last?.seq, limit: PAGE })),
    async (turn) => (withDrafts ? withContents(turnJson(turn), await turns.stepContents(turn)) : turnJson(turn)),
  );
  yield ',\n"pictures":';
  yield* arrayOf(picturesOf(services, userId), (picture) => picture);
  yield ',\n"client_requests":';
  yield* arrayOf(
    paged((last: RequestOfTurn | undefined) => turns.clientRequests(userId, last?.seq ?? 0, REQUESTS), REQUESTS),
    clientRequestJson,
  );
  yield ',\n"conversations":';
  yield* arrayOf(
    paged((last: ConversationRow | undefined) => conversations.ofUser(userId, { after: last, limit: PAGE })),
    (row) => ({ ...messageJson(row), session_id: row.sessionId }),
  );
  yield ',\n"budget_charges":';
  yield* arrayOf(
    paged((last: Charge | undefined) => budgets.charges(userId, last, PAGE)),
    chargeJson,
  );
  yield ',\n"reviews":';
  yield* arrayOf(
    paged((last: Review | undefined) => reviews.ofUser(userId, last, PAGE)),
    async (review) =>
      withDrafts
        ? { ...listedReviewJson(review), events: reviewEventsJson(await reviews.events(review.reviewId)).items }
        : reviewForUser(review),
  );
  yield '}\n';
}
