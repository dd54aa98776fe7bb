/** Boxes in all that is shown: an edit is seen at once, wherever the box is drawn, and undone where it is refused. */
import { useMutation } from "@tanstack/react-query";
import { client } from "./client";
import { reached, untilReached } from "./connection";
import { Problem } from "./problem";
import { queries } from "./queries";
import type { BoxEdit, BoxOut } from "./schema";
import { offerUndo } from "./undo";

export type Box = BoxOut;
export type Edit = BoxEdit;

/** Changes the box's members in every answer that holds it; gives back what puts them as they were. */
export function patchBox(key: string, given: Partial<Box>): () => void {
  const change = isBox(given) ? withWaiting(given) : given;
  const before: [readonly unknown[], unknown][] = [];
  for (const [queryKey, data] of queries.getQueriesData({})) {
    const after = patched(data, key, change);
    if (after !== data) {
      before.push([queryKey, data]);
      queries.setQueryData(queryKey, after);
    }
  }
  const putBack = [...shelves].map((each) => each(key, change));
  return () => {
    for (const [queryKey, data] of before) queries.setQueryData(queryKey, data);
    for (const each of putBack) each();
  };
}

/** Where boxes are kept beside the answers to queries: changes one there, and gives what puts it back. */
export type Shelf = (key: string, change: Partial<Box>) => () => void;

const shelves = new Set<Shelf>();

/** From now on until what it gives is called. */
export function addShelf(shelf: Shelf): () => void {
  shelves.add(shelf);
  return () => shelves.delete(shelf);
}

/** The same data with that box changed; the very same object where it holds no such box. */
export function patched(data: unknown, key: string, change: Partial<Box>): unknown {
  if (Array.isArray(data)) {
    const after = data.map((each) => patched(each, key, change));
    return after.some((each, at) => each !== data[at]) ? after : data;
  }
  if (typeof data !== "object" || data === null) return data;
  if (isBox(data)) {
    if (data.key !== key) return data;
    return changed(data, change);
  }
  for (const member of ["results", "pages", "boxes", "data", "columns"] as const) {
    const held = (data as Record<string, unknown>)[member];
    const after = patched(held, key, change);
    if (after !== held) return { ...data, [member]: after };
  }
  return data;
}

/** The box with these members. Of its fields only those named are changed, and null clears one; a whole box takes its place. */
export function changed(box: Box, change: Partial<Box>): Box {
  if (isBox(change)) return replaced(box, change);
  if (!change.fields) return { ...box, ...change };
  const fields = Object.entries({ ...box.fields, ...change.fields }).filter(([, value]) => value !== null);
  return { ...box, ...change, fields: Object.fromEntries(fields) };
}

/** The box as it is now: what it lacks, such as a field that was cleared, is gone; news that are old are none. */
function replaced(known: Box, now: Box): Box {
  if (now.lastSavedTimestamp < known.lastSavedTimestamp) return known;
  return known.columns && !now.columns ? { ...now, columns: known.columns } : now;
}

function isBox(data: object): data is Box {
  return "boxKey" in data && "stageKey" in data && "pipelineKey" in data && "key" in data;
}

/** The box as any answer that is kept holds it. */
export function knownBox(key: string): Box | undefined {
  let found: Box | undefined;
  for (const [, data] of queries.getQueriesData({})) found ??= boxIn(data, key);
  return found;
}

function boxIn(data: unknown, key: string): Box | undefined {
  if (Array.isArray(data)) {
    for (const each of data) {
      const found = boxIn(each, key);
      if (found) return found;
    }
    return undefined;
  }
  if (typeof data !== "object" || data === null) return undefined;
  if (isBox(data)) return data.key === key ? data : undefined;
  const held = data as Record<string, unknown>;
  return boxIn(held.results, key) ?? boxIn(held.pages, key) ?? boxIn(held.boxes, key) ?? boxIn(held.columns, key);
}

export type BoxChange = {
  box: Box;
  edit: Edit;
  /** What the edit makes of members that are shown in another form than they are sent in, such as people. */
  shown?: Partial<Box>;
  /** What the toast says, such as "Moved to Won"; without it no undo is offered. */
  says?: string;
};

/** Edits a box: at once on the screen, then at the server; a refusal puts it back. Where the server cannot be reached the
 * edit waits for it. */
export function useEditBox() {
  return useMutation({
    mutationKey: EDITS,
    mutationFn: ({ box, edit }: BoxChange) => inTurn(box.key, () => sendEdit(box.key, edit)),
    onMutate: ({ box, edit, shown }: BoxChange) => {
      const seen = { ...asShown(edit), ...shown };
      const putBack = patchBox(box.key, seen);
      const answered = wait(box.key, seen);
      return { putBack, answered };
    },
    onError: (_error, _change, begun) => {
      begun?.answered();
      begun?.putBack();
    },
    onSuccess: ({ saved, response }, { box, says }, { answered }) => {
      answered();
      patchBox(box.key, saved);
      if (says) offerUndo(says, response);
    },
  });
}

/** By this name the edits that wait for the server are counted. */
export const EDITS = ["edit a box"] as const;

/** Sent again until the server answers: what sets a value may be said twice. */
async function sendEdit(box: string, edit: Edit): Promise<{ saved: Box; response: Response }> {
  for (;;) {
    try {
      const { data, response } = await client.POST("/v1/boxes/{box}", { params: { path: { box } }, body: edit });
      return { saved: data as Box, response };
    } catch (error) {
      if (!(error instanceof Problem && error.unreachable)) throw error;
      reached(false);
      await untilReached();
    }
  }
}

const turns = new Map<string, Promise<unknown>>();

/** Edits of one box reach the server in the order they were made in. */
function inTurn<T>(box: string, run: () => Promise<T>): Promise<T> {
  const mine = (turns.get(box) ?? Promise.resolve()).catch(() => undefined).then(run);
  turns.set(box, mine);
  const over = () => turns.get(box) === mine && turns.delete(box);
  mine.then(over, over);
  return mine;
}

const waiting = new Map<string, Partial<Box>[]>();

/** Whatever the server tells of the box is shown with this change, until what is given is called. */
function wait(box: string, change: Partial<Box>): () => void {
  waiting.set(box, [...(waiting.get(box) ?? []), change]);
  return () => {
    const left = (waiting.get(box) ?? []).filter((each) => each !== change);
    if (left.length > 0) waiting.set(box, left);
    else waiting.delete(box);
  };
}

/** The box as the server told it, with what it was not told yet. */
export function withWaiting(box: Box): Box {
  return (waiting.get(box.key) ?? []).reduce(changed, box);
}

/** What an edit makes of the members that are shown. People are drawn from entries, which the answer brings. */
export function asShown(edit: Edit): Partial<Box> {
  const { name, notes, stageKey, fields, followerKeys, linkedBoxKeys, contacts, organizations } = edit;
  const shown: Partial<Box> = {};
  if (name != null) shown.name = name;
  if (notes !== undefined) shown.notes = notes ?? "";
  if (stageKey != null) shown.stageKey = stageKey;
  if (fields !== undefined) shown.fields = fields as Box["fields"];
  if (followerKeys) shown.followerKeys = followerKeys;
  if (linkedBoxKeys) shown.linkedBoxKeys = linkedBoxKeys;
  if (contacts) shown.contacts = contacts.map(asLink);
  if (organizations) shown.organizations = organizations.map(asLink);
  return shown;
}

function asLink({ key, isStarred = false, isAutoboxed = false }: NonNullable<Edit["contacts"]>[number]) {
  return { key, isStarred, isAutoboxed };
}
