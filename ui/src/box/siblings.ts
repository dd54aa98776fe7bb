/** The boxes of the screen behind, in their order, so that an open box can lead to the one before and after it. */
import { useEffect, useSyncExternalStore } from "react";

let keys: readonly string[] = [];
const listeners = new Set<() => void>();

/** Publishes the boxes that this screen shows. They stay known when a box is opened as a page. */
export function useSiblingsOf(shown: readonly string[]): void {
  const joined = shown.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when a box is added, removed or moved
  useEffect(() => {
    keys = shown;
    for (const each of [...listeners]) each();
  }, [joined]);
}

/** The boxes before and after this one; undefined at the ends, and if the box is not on the screen behind. */
export function useSiblings(box: string): { previous: string | undefined; next: string | undefined } {
  const known = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => keys,
  );
  const at = known.indexOf(box);
  return at < 0 ? { previous: undefined, next: undefined } : { previous: known[at - 1], next: known[at + 1] };
}
