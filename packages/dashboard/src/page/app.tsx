import { TIMEFRAMES } from "@tickfleet/market/timeframe";
import { useEffect, useRef } from "preact/hooks";
import { ContextPanel } from "./panels/context-panel.tsx";
import { ExplainPanel } from "./panels/explain-panel.tsx";
import { Footer } from "./panels/footer.tsx";
import { focusInstruments, typeInstrument } from "./panels/instrument-picker.tsx";
import { Legend } from "./panels/legend.tsx";
import { SignalList } from "./panels/signal-list.tsx";
import { TopBar } from "./panels/top-bar.tsx";
import { notice, pickedSignal } from "./store.ts";
import { changeView } from "./view.ts";

export interface AppActions {
  /** Called once with the element that the chart is drawn in. */
  onChart(container: HTMLElement): void;
  onMove(change: { candles?: number; zoom?: number }): void;
  onFollow(): void;
  /** Opens a signal's explanation, or closes it. */
  onPick(id: string | null): void;
}

/** The whole page: a bar, the chart, signals and context beside or below it. */
export function App(actions: AppActions) {
  const container = useRef<HTMLDivElement>(null);
  useEffect(() => {
    actions.onChart(container.current as HTMLElement);
    document.addEventListener("keydown", (event) => onKey(event, actions));
  }, []);
  return (
    <>
      <TopBar />
      <main class={pickedSignal.value === null ? "" : "explains"}>
        <section class="market" aria-label="Chart">
          <Legend />
          {/* biome-ignore lint/a11y/useSemanticElements: no field of a form */}
          <div
            class="chart"
            ref={container}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: the chart takes keys
            tabIndex={0}
            role="group"
            aria-label="Candles. Arrow keys move, plus and minus zoom, End goes to the newest."
          />
          <NoticeBox />
        </section>
        <aside>
          {pickedSignal.value !== null && <ExplainPanel onClose={() => actions.onPick(null)} />}
          <ContextPanel />
          <SignalList onPick={actions.onPick} />
        </aside>
      </main>
      <Footer />
    </>
  );
}

/** What stands over an empty chart: what is missing, and what to do. */
function NoticeBox() {
  if (notice.value === null) return null;
  return (
    <div class="notice" role="status">
      <p>{notice.value.text}</p>
      {notice.value.fix !== "" && <p class="fix">{notice.value.fix}</p>}
    </div>
  );
}

const PAN_CANDLES = 10;
const ZOOM = 1.25;

/** Keys of the page; none while something is typed. */
function onKey(event: KeyboardEvent, { onMove, onFollow, onPick }: AppActions): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement) return;
  const timeframe = TIMEFRAMES[Number(event.key) - 1];
  const onChart = event.target instanceof Element && event.target.closest(".chart") !== null;
  if (typeInstrument(event.key)) event.preventDefault();
  else if (event.key === "/") focusInstruments();
  else if (event.key === "Escape") onPick(null);
  else if (timeframe !== undefined) changeView({ timeframe });
  else if (event.key === "+" || event.key === "=") onMove({ zoom: 1 / ZOOM });
  else if (event.key === "-") onMove({ zoom: ZOOM });
  else if (event.key === "End" && onChart) onFollow();
  else if (event.key === "ArrowLeft" && onChart) onMove({ candles: -PAN_CANDLES });
  else if (event.key === "ArrowRight" && onChart) onMove({ candles: PAN_CANDLES });
  else return;
  event.preventDefault();
}
