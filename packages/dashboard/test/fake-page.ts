import { FakeSocket } from "@tickfleet/testkit/fake-socket";
import { vi } from "vitest";

/** The gateway says something on the connection that was opened last. */
export function gatewaySays(message: object): void {
  FakeSocket.all.at(-1)?.says(message);
}

/** What the page's code finds in a browser, with the network of a test. @param answer what a request is answered */
export function stubPage(answer: (address: string) => Promise<Response>): void {
  FakeSocket.begin({ opensItself: true });
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", answer);
  vi.stubGlobal("location", { search: "" });
  vi.stubGlobal("localStorage", { getItem: () => null });
  vi.stubGlobal("document", {});
}
