import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { failed } from "../components/toasts";
import { reached } from "./connection";
import { Problem } from "./problem";

/** What the server told is kept until it tells of a change (see `live`). */
export const queries = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => reached(!isUnreachable(error)), onSuccess: () => reached(true) }),
  mutationCache: new MutationCache({
    onError: (error, _variables, _context, mutation) => {
      reached(!isUnreachable(error));
      // A form that shows the refusal at its field says so.
      if (!mutation.meta?.quiet) failed(error);
    },
    onSuccess: () => reached(true),
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
