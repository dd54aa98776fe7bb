import { queries } from "../api/queries";

/** Loads again what shows conversations: after they were moved, shared or removed. */
export function refreshMail(): Promise<void> {
  return queries.invalidateQueries({
    predicate: ({ queryKey }) => /threads|timeline|\/mail|\/boxes\/\{box\}/.test(String(queryKey[1])),
  });
}
