/** Whether the server answers, as far as we know. */
import { useSyncExternalStore } from "react";

const EVERY = 2000;
let reachable = true;
let asking: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** Told by everything that asks the server. While it is away, it is asked whether it is back. */
export function reached(now: boolean): void {
  if (now === reachable) return;
  reachable = now;
  clearInterval(asking);
  if (!now) asking = setInterval(knock, EVERY);
  for (const each of [...listeners]) each();
}

function knock(): void {
  fetch("/healthz").then(
    (answer) => answer.ok && reached(true),
    () => undefined,
  );
}

/** Resolves once the server answers again. */
export function untilReached(): Promise<void> {
  if (reachable) return Promise.resolve();
  return new Promise((resolve) => {
    const told = () => {
      if (!reachable) return;
      listeners.delete(told);
      resolve();
    };
    listeners.add(told);
  });
}

export function useReachable(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => reachable,
  );
}
