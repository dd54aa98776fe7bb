import { useCallback, useLayoutEffect, useRef } from "react";

/** The same function at every drawing, which does what the newest one does: for rows that are drawn anew only if they change. */
export function useStable<A extends unknown[], R>(fn: (...given: A) => R): (...given: A) => R {
  const newest = useRef(fn);
  useLayoutEffect(() => {
    newest.current = fn;
  });
  return useCallback((...given: A) => newest.current(...given), []);
}
