import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { INDICATOR_GROUPS } from "../indicator-groups.ts";
import { changeView, PATTERNS, view } from "../view.ts";

const CHOICES = [
  ...INDICATOR_GROUPS,
  { name: PATTERNS, label: "Patterns", title: "Dots at candlestick patterns of confidence 0.6 and more" },
];

/** What is drawn beside the candles. */
export function IndicatorMenu() {
  const isOpen = useSignal(false);
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const close = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !menu.current?.contains(event.target as Node)) isOpen.value = false;
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, [isOpen]);
  const { shown } = view.value;
  return (
    <div class="menu" ref={menu}>
      <button
        type="button"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value;
        }}
      >
        Indicators <span class="count">{shown.size}</span>
      </button>
      {isOpen.value && (
        <fieldset class="popover" aria-label="Indicators">
          {CHOICES.map(({ name, label, title }) => (
            <label key={name}>
              <input type="checkbox" checked={shown.has(name)} onChange={() => toggle(name)} />
              <span>
                {label}
                <small>{title}</small>
              </span>
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}

function toggle(name: string): void {
  const shown = new Set(view.value.shown);
  if (!shown.delete(name)) shown.add(name);
  changeView({ shown });
}
