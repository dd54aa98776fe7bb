import { queries } from "../api/queries";

/** Loads the data of teams and their members again. */
export function refreshTeams(): Promise<void> {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => /teams|invitations/.test(String(queryKey[1])) });
}
