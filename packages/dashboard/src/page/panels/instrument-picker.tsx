import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { InstrumentRow } from "../rows.ts";
import { instrumentRow, instruments } from "../store.ts";
import { changeView } from "../view.ts";

const isOpen = signal(false);
const typed = signal("");
const place = signal(0);
const MOST_SHOWN = 200;
/** A text that chooses from the list below it. */
const COMBOBOX = { role: "combobox", list: undefined, "aria-expanded": "true" } as const;

/** Opens the list of instruments, ready to type. */
export function focusInstruments(): void {
  typed.value = "";
  place.value = 0;
  isOpen.value = true;
}

/** Takes a key that came before the search had the focus; false where no search is open. */
export function typeInstrument(key: string): boolean {
  if (!isOpen.value || key.length !== 1) return false;
  typed.value += key;
  return true;
}

/** The instrument, and a list to search another one in. */
export function InstrumentPicker() {
  const row = instrumentRow.value;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: PointerEvent): void => {
      if (!box.current?.contains(event.target as Node)) isOpen.value = false;
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, []);
  return (
    <div class="picker" ref={box}>
      <button
        type="button"
        class="instrument"
        aria-haspopup="dialog"
        aria-expanded={isOpen.value}
        title="Key /"
        onClick={() => (isOpen.value ? close() : focusInstruments())}
      >
        <strong>{row?.instrument ?? "Instrument"}</strong>
        <span class="venue">{row?.venue ?? ""}</span>
        <span aria-hidden="true">▾</span>
      </button>
      {isOpen.value && <InstrumentSearch />}
    </div>
  );
}

function InstrumentSearch() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const found = findInstruments(instruments.value ?? [], typed.value);
  const active = Math.min(place.value, found.length - 1);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") place.value = Math.min(found.length - 1, active + 1);
    else if (event.key === "ArrowUp") place.value = Math.max(0, active - 1);
    else if (event.key === "Enter" && found[active] !== undefined) choose(found[active]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="popover" role="dialog" aria-label="Choose an instrument">
      <input
        ref={input}
        type="text"
        placeholder="Search, such as btc or demo eth"
        {...COMBOBOX}
        aria-controls="instruments"
        aria-activedescendant={found[active] === undefined ? undefined : `instrument-${active}`}
        aria-label="Search instruments"
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
          place.value = 0;
        }}
        onKeyDown={onKeyDown}
      />
      <div id="instruments" role="listbox" aria-label="Instruments">
        {found.map((row, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are taken by the input
          // biome-ignore lint/a11y/useFocusableInteractive: the input has the focus
          <div
            key={`${row.venue}|${row.instrument}`}
            id={`instrument-${i}`}
            role="option"
            aria-selected={i === active}
            onClick={() => choose(row)}
          >
            <strong>{row.instrument}</strong>
            <span class="venue">{row.venue}</span>
            <span class={row.live ? "live" : "quiet"}>{row.live ? "live" : "recorded"}</span>
          </div>
        ))}
        {found.length === 0 && (
          <p class="empty">{(instruments.value ?? []).length === 0 ? "No instruments yet." : "Nothing by that name."}</p>
        )}
      </div>
    </div>
  );
}

function findInstruments(rows: readonly InstrumentRow[], text: string): InstrumentRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (row: InstrumentRow): boolean => {
    const name = `${row.instrument} ${row.venueSymbol} ${row.venue}`.toLowerCase();
    return words.every((word) => name.includes(word));
  };
  return rows.filter(fits).slice(0, MOST_SHOWN);
}

function choose({ venue, instrument }: InstrumentRow): void {
  changeView({ venue, instrument });
  close();
}

function close(): void {
  isOpen.value = false;
}
