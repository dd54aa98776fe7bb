import { queries } from "../api/queries";

/** Asks anew for what is shown of teams and of who is in them. */
export function refreshTeams(): Promise<void> {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => /teams|invitations/.test(String(queryKey[1])) });
}
