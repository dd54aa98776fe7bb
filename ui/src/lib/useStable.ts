import { useCallback, useLayoutEffect, useRef } from "react";

/** A function that stays the same object but always calls the newest version, so that memoized rows are not redrawn. */
export function useStable<A extends unknown[], R>(fn: (...given: A) => R): (...given: A) => R {
  const newest = useRef(fn);
  useLayoutEffect(() => {
    newest.current = fn;
  });
  return useCallback((...given: A) => newest.current(...given), []);
}
