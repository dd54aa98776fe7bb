/** Undo. The response to every write names its change, and the change is undone by that name. */
import { undoable } from "../components/toasts";
import { client } from "./client";
import { queries } from "./queries";
import type { Left } from "./schema";

/** The name of the change that this request made; empty if it changed nothing. */
export function changeOf(response: Response): string {
  return response.headers.get("X-Boxwood-Change") ?? "";
}

interface Options {
  /** Keep what was changed again in the meantime, and undo the rest. Without it, the server then refuses the undo. */
  partial?: boolean;
  /** Called with how much of a large change is undone, from 0 to 1. */
  onProgress?: (progress: number) => void;
}

/** Undoes a whole change. Returns what was kept. */
export async function undo(change: string, { partial = false, onProgress }: Options = {}): Promise<Left[]> {
  const left: Left[] = [];
  let more = change !== "";
  try {
    while (more) {
      const { data } = await client.POST("/v2/undo", { body: { change, partial } });
      left.push(...(data?.left ?? []));
      onProgress?.(data?.progress ?? 1);
      more = data?.hasMore ?? false;
    }
  } finally {
    await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] === "get" });
  }
  return left;
}

/** Shows a toast that says what was done and offers to undo it. */
export function offerUndo(says: string, response: Response): void {
  const change = changeOf(response);
  if (change) undoable(says, () => undo(change));
}
