/** Sends many writes in one request. They are one change, which can be undone as a whole. */
import { client } from "../api/client";
import { queries } from "../api/queries";
import { changeOf, remember, undoAll } from "../api/undo";
import { failed, undoable } from "../components/toasts";

export type Operation = { method: "POST" | "DELETE"; path: string; body?: unknown };
export type Done = {
  ok: number;
  refused: string[];
  /** The answer to each operation; null where it was refused. */
  answers: unknown[];
  changes: string[];
};

const MOST = 1000;

export async function run(operations: readonly Operation[]): Promise<Done> {
  const done: Done = { ok: 0, refused: [], answers: [], changes: [] };
  for (let at = 0; at < operations.length; at += MOST) {
    const { data, response } = await client.POST("/v2/batch", {
      body: { operations: operations.slice(at, at + MOST) } as never,
    });
    const change = changeOf(response);
    if (change) done.changes.push(change);
    for (const { status, body } of data?.results ?? []) {
      done.answers.push(status === 200 ? body : null);
      if (status === 200) done.ok += 1;
      else done.refused.push(String((body as { error?: string }).error ?? status));
    }
  }
  return done;
}

/** Sends the operations and shows the result in a toast: "Moved 12 boxes" with undo, and why some were refused. */
export async function runBatch(operations: readonly Operation[], says: (count: number) => string): Promise<Done> {
  const done = await run(operations);
  if (done.refused.length > 0) {
    const reasons = [...new Set(done.refused)].slice(0, 3).join("; ");
    failed(new Error(`${done.refused.length} of ${operations.length} were refused: ${reasons}`));
  }
  if (done.ok > 0) {
    remember(says(done.ok), ...done.changes);
    undoable(says(done.ok), () => undoAll(done.changes));
  }
  void queries.invalidateQueries({ queryKey: ["get", "/v2/pipelines/{pipeline}/table"] });
  return done;
}

export function boxes(count: number): string {
  return count === 1 ? "1 box" : `${count.toLocaleString()} boxes`;
}
