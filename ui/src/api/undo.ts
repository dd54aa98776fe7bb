/** Undo. The response to every write names its change, and the change is undone by that name. */
import { undoable } from "../components/toasts";
import { client } from "./client";
import { queries } from "./queries";

/** The name of the change that this request made; empty if it changed nothing. */
export function changeOf(response: Response): string {
  return response.headers.get("X-Boxwood-Change") ?? "";
}

/** Undoes a whole change. The server refuses with its reasons if a value was changed again in the meantime. */
export async function undo(change: string): Promise<void> {
  let more = change !== "";
  while (more) {
    const { data } = await client.POST("/v2/undo", { body: { change } });
    more = data?.hasMore ?? false;
  }
  await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] === "get" });
}

/** Shows a toast that says what was done and offers to undo it. */
export function offerUndo(says: string, response: Response): void {
  const change = changeOf(response);
  if (change) undoable(says, () => undo(change));
}
