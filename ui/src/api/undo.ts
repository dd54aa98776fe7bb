/** Every write names its change; by that name it is undone. */
import { undoable } from "../components/toasts";
import { client } from "./client";
import { queries } from "./queries";

/** The name of what this answer's request changed; empty where it changed nothing. */
export function changeOf(response: Response): string {
  return response.headers.get("X-Boxwood-Change") ?? "";
}

/** Takes a change back, whole; refused with the reasons where something was changed again since. */
export async function undo(change: string): Promise<void> {
  let more = change !== "";
  while (more) {
    const { data } = await client.POST("/v2/undo", { body: { change } });
    more = data?.hasMore ?? false;
  }
  await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] === "get" });
}

/** Says what was done, and offers to undo it. */
export function offerUndo(says: string, response: Response): void {
  const change = changeOf(response);
  if (change) undoable(says, () => undo(change));
}
