import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { failed } from "../components/toasts";
import { reportReachable } from "./connection";
import { Problem } from "./problem";

/** Loaded data is kept until an event says that it changed (see `live`). */
export const queries = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => reportReachable(!isUnreachable(error)),
    onSuccess: () => reportReachable(true),
  }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      reportReachable(!isUnreachable(error));
      // Forms that show the refusal at its field set `quiet`.
      if (!mutation.meta?.quiet) failed(error);
    },
    onSuccess: () => reportReachable(true),
  }),
  defaultOptions: {
    queries: {
      staleTime: 5 * 60_000,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: false,
      networkMode: "always",
      retry: (count, error) => isUnreachable(error) && count < 3,
    },
    mutations: { networkMode: "always" },
  },
});

function isUnreachable(error: unknown): boolean {
  return error instanceof Problem && error.unreachable;
}
