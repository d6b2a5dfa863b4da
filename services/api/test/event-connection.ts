import { until } from "./harness.ts";

/** An event as a reader of server-sent events gets it. */
export interface StreamEvent {
  id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads messages by their wire names
  data: any;
}

export interface EventConnection {
  status: number;
  headers: Headers;
  events: StreamEvent[];
  /** Last id seen, also of events without data. */
  lastId: string;
  comments: number;
  ended: boolean;
  close(): void;
  next(type: string): Promise<StreamEvent>;
}

/** Reads server-sent events as a browser does, and keeps all of them. */
export async function connectEvents(url: string, query: string, headers: Record<string, string> = {}): Promise<EventConnection> {
  const abort = new AbortController();
  const answer = await fetch(`${url}/api/v1/stream?${query}`, { headers, signal: abort.signal });
  const connection: EventConnection = {
    status: answer.status,
    headers: answer.headers,
    events: [],
    lastId: "",
    comments: 0,
    ended: false,
    close: () => abort.abort(),
    async next(type) {
      const find = (): StreamEvent | undefined => connection.events.find((event) => event.data.type === type);
      await until(() => find() !== undefined, `an event of type ${type}`);
      return find() as StreamEvent;
    },
  };
  void read(answer, connection).catch(() => undefined);
  return connection;
}

async function read(answer: Response, connection: EventConnection): Promise<void> {
  let text = "";
  for await (const chunk of (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      take(text.slice(0, end), connection);
      text = text.slice(end + 2);
    }
  }
  connection.ended = true;
}

function take(block: string, connection: EventConnection): void {
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith(":")) connection.comments += 1;
    if (line.startsWith("id: ")) connection.lastId = line.slice(4);
    if (line.startsWith("data: ")) data += line.slice(6);
  }
  if (data !== "") connection.events.push({ id: connection.lastId, data: JSON.parse(data) });
}
