import { useSyncExternalStore } from "react";
import { dayInWords, exact, inWords } from "../lib/dates";

/** A point in time in words, with the exact time as a tooltip. `day` leaves out the hours. */
export function Moment({ at, day = false }: { at: number; day?: boolean }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {day ? dayInWords(at, now) : inWords(at, now)}
    </time>
  );
}

const listeners = new Set<() => void>();
let now = Date.now();

setInterval(() => {
  now = Date.now();
  for (const each of [...listeners]) each();
}, 30_000);

/** The current time, updated every 30 seconds. */
export function useNow(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => now,
  );
}
