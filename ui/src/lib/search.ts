import { useCallback } from "react";
import { type NavigateOptions, type URLSearchParamsInit, useSearchParams } from "react-router";

type Next = URLSearchParamsInit | ((before: URLSearchParams) => URLSearchParams);

/**
 * The parameters of the address, and how to change them. A function that changes them is given what the address holds
 * at that moment. React Router's own setter gives what the component was drawn with, which may be older, and then
 * brings removed parameters back.
 */
export function useSearch(): [URLSearchParams, (next: Next, options?: NavigateOptions) => void] {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (next: Next, options?: NavigateOptions) =>
      setSearch(typeof next === "function" ? next(new URLSearchParams(window.location.search)) : next, options),
    [setSearch],
  );
  return [search, change];
}
