/** Whether the server can be reached, as far as the UI knows. */
import { useSyncExternalStore } from "react";

const CHECK_INTERVAL = 2000;
let reachable = true;
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/**
 * Every request reports here whether it reached the server. While the server is away, a timer checks whether it is
 * back.
 */
export function reportReachable(now: boolean): void {
  if (now === reachable) return;
  reachable = now;
  clearInterval(timer);
  if (!now) timer = setInterval(check, CHECK_INTERVAL);
  for (const each of [...listeners]) each();
}

function check(): void {
  fetch("/healthz").then(
    (answer) => answer.ok && reportReachable(true),
    () => undefined,
  );
}

/** Resolves when the server can be reached again. */
export function untilReachable(): Promise<void> {
  if (reachable) return Promise.resolve();
  return new Promise((resolve) => {
    const onChange = () => {
      if (!reachable) return;
      listeners.delete(onChange);
      resolve();
    };
    listeners.add(onChange);
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
