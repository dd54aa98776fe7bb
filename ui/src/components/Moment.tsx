import { useSyncExternalStore } from "react";
import { dayInWords, exact, inWords } from "../lib/dates";

/** A moment in words; the exact time when pointed at. `day` leaves out hours. */
export function Moment({ at, day = false }: { at: number; day?: boolean }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exact(at)}>
      {day ? dayInWords(at, now) : inWords(at, now)}
    </time>
  );
}

const listeners = new Set<() => void>();
let told = Date.now();

setInterval(() => {
  told = Date.now();
  for (const each of [...listeners]) each();
}, 30_000);

/** The time, told anew every half minute. */
export function useNow(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => told,
  );
}
