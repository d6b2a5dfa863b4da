import { vi } from "vitest";

/** The gateway's stream: it opens, and says what a test tells it to. */
export class FakeSocket extends EventTarget {
  static readonly OPEN = 1;
  static last: FakeSocket;
  readonly readyState = 1;

  constructor() {
    super();
    FakeSocket.last = this;
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }

  send(): void {}

  close(): void {}

  says(message: object): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}

/** What the page's code finds in a browser, with the network of a test. @param answer what a request is answered */
export function stubPage(answer: (address: string) => Promise<Response>): void {
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", answer);
  vi.stubGlobal("location", { search: "" });
  vi.stubGlobal("localStorage", { getItem: () => null });
  vi.stubGlobal("document", {});
}
