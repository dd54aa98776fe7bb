/** Undo. The response to every write names its change, and the change is undone by that name. */
import { say, undoable } from "../components/toasts";
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
export async function undo(change: string, options: Options = {}): Promise<Left[]> {
  forget(change);
  return (await takeBack(change, options)).left;
}

/** Undoes a whole change. Returns what was kept, and the name of the undo, which is a change itself. */
async function takeBack(
  change: string,
  { partial = false, onProgress }: Options = {},
): Promise<{ left: Left[]; name: string }> {
  const left: Left[] = [];
  let name = "";
  let more = change !== "";
  try {
    while (more) {
      const { data } = await client.POST("/v2/undo", { body: { change, partial } });
      left.push(...(data?.left ?? []));
      name = data?.change ?? name;
      onProgress?.(data?.progress ?? 1);
      more = data?.hasMore ?? false;
    }
  } finally {
    await queries.invalidateQueries({ predicate: (query) => query.queryKey[0] === "get" });
  }
  return { left, name };
}

/** The user's own changes in this tab, the newest last, for Ctrl Z; and those that Ctrl Z took back, for Ctrl Shift Z. */
type Done = { says: string; changes: string[] };
const MOST = 100;
let changes: Done[] = [];
let undone: Done[] = [];

function forget(change: string): void {
  changes = changes.filter((each) => !each.changes.includes(change));
}

/** Undoes several changes that were made together, the newest first. */
export async function undoAll(made: readonly string[]): Promise<void> {
  for (const change of made.toReversed()) await undo(change);
}

let previous: Promise<void> = Promise.resolve();

/** Runs an undo or redo after the one before it, because a key may be pressed again before the server has answered. */
function inTurn(run: () => Promise<void>): Promise<void> {
  const result = previous.then(run);
  previous = result.catch(() => {});
  return result;
}

/** Takes back the user's newest change in this tab. */
export function undoNewest(): Promise<void> {
  return inTurn(async () => {
    const newest = changes.pop();
    if (!newest) return say("Nothing to undo");
    undone.push({ says: newest.says, changes: await takenBack(newest) });
    say(`Undone: ${newest.says}`);
  });
}

/** Restores what `undoNewest` took back last. */
export function redoNewest(): Promise<void> {
  return inTurn(async () => {
    const newest = undone.pop();
    if (!newest) return say("Nothing to redo");
    changes.push({ says: newest.says, changes: await takenBack(newest) });
    say(`Done again: ${newest.says}`);
  });
}

async function takenBack(done: Done): Promise<string[]> {
  const names: string[] = [];
  for (const change of done.changes.toReversed()) names.push((await takeBack(change)).name);
  return names;
}

/** Remembers what was done for Ctrl Z: a change, or the changes that were made together. */
export function remember(says: string, ...made: string[]): void {
  const named = made.filter(Boolean);
  if (named.length === 0) return;
  changes = [...changes, { says, changes: named }].slice(-MOST);
  undone = [];
}

/** Shows a toast that says what was done and offers to undo it. */
export function offerUndo(says: string, response: Response): void {
  const change = changeOf(response);
  if (!change) return;
  remember(says, change);
  undoable(says, () => undo(change));
}
