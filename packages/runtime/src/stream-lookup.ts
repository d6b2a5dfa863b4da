import type { DirectStreamAPI, StoredMsg } from "@nats-io/jetstream";
import type { StoredMessage } from "./bus.ts";

const TIMEOUT_MS = 5_000;

interface Lookup {
  /** Called with each message and null, then once with what ended it. */
  callback(done: { err?: Error } | null, message: StoredMsg): void;
}

/** Up to `most` messages from a sequence on, in order; of one subject filter, or all where it is null. */
export function listMessages(
  direct: DirectStreamAPI,
  stream: string,
  fromSeq: number,
  filter: string | null,
  most: number,
): Promise<StoredMessage[]> {
  const options = { seq: fromSeq, batch: most, ...(filter === null ? {} : { next_by_subj: filter }) };
  return collect(({ callback }) => direct.getBatch(stream, { ...options, callback }));
}

/** The newest message of each subject that matches the filter. */
export function listLast(direct: DirectStreamAPI, stream: string, filter: string, most: number): Promise<StoredMessage[]> {
  return collect(({ callback }) => direct.getLastMessagesFor(stream, { multi_last: [filter], batch: most, callback }));
}

/** The client library keeps a subscription open where a batch is read as an iterator, so it is read by callback. */
function collect(ask: (lookup: Lookup) => Promise<unknown>): Promise<StoredMessage[]> {
  return new Promise((resolve, reject) => {
    const found: StoredMessage[] = [];
    const timer = setTimeout(() => reject(new Error(`the broker did not end a batch within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    const end = (error: Error | undefined): void => {
      clearTimeout(timer);
      if (error === undefined || /not found|no results/i.test(error.message)) resolve(found);
      else reject(error);
    };
    const callback: Lookup["callback"] = (done, message) => {
      if (done !== null) end(done.err);
      else found.push({ seq: message.seq, subject: message.subject, headers: message.header, data: message.data });
    };
    ask({ callback }).catch(end);
  });
}
