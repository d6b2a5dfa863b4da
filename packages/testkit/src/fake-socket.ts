/** A request of a client on the gateway's stream. */
export interface SentToGateway {
  op: string;
  id: number;
  channels: string[];
  snapshot: number;
  after?: string;
}

/** The gateway's end of a connection, as the browser's WebSocket shows it. */
export class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  /** All that were made since `begin`, the newest last. */
  static all: FakeSocket[] = [];
  static #opensItself = false;
  readyState = 0;
  readonly sent: SentToGateway[] = [];

  constructor() {
    super();
    FakeSocket.all.push(this);
    if (FakeSocket.#opensItself) queueMicrotask(() => this.open());
  }

  /** Start of a test: none was made yet. Each that is made opens by itself, or when the test says so. */
  static begin({ opensItself = false } = {}): void {
    FakeSocket.all = [];
    FakeSocket.#opensItself = opensItself;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as SentToGateway);
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  close(reason = ""): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { reason }));
  }

  says(message: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}
