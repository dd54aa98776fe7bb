/** Boxes in all loaded data. An edit shows at once wherever the box is drawn; a refused edit is taken back. */
import { useMutation } from "@tanstack/react-query";
import { client } from "./client";
import { reportReachable, untilReachable } from "./connection";
import { Problem } from "./problem";
import { queries } from "./queries";
import type { BoxEdit, BoxOut } from "./schema";
import { offerUndo } from "./undo";

export type Box = BoxOut;
export type Edit = BoxEdit;

/** Changes the box in every loaded response that holds it. Returns a function that restores the old values. */
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
  const restore = [...stores].map((each) => each(key, change));
  return () => {
    for (const [queryKey, data] of before) queries.setQueryData(queryKey, data);
    for (const each of restore) each();
  };
}

/**
 * A place outside the query cache that stores boxes. It changes a box there and returns a function that restores it.
 */
export type BoxStore = (key: string, change: Partial<Box>) => () => void;

const stores = new Set<BoxStore>();

/** Registers a box store. Returns a function that removes it. */
export function addBoxStore(shelf: BoxStore): () => void {
  stores.add(shelf);
  return () => stores.delete(shelf);
}

/** Returns the data with that box changed, or the same object if the data does not hold the box. */
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

/**
 * Applies the change to the box. Of the fields, only the given ones change, and null clears a field. A whole box
 * replaces the known one.
 */
export function changed(box: Box, change: Partial<Box>): Box {
  if (isBox(change)) return replaced(box, change);
  if (!change.fields) return { ...box, ...change };
  const fields = Object.entries({ ...box.fields, ...change.fields }).filter(([, value]) => value !== null);
  return { ...box, ...change, fields: Object.fromEntries(fields) };
}

/**
 * Replaces the known box, so that fields that were cleared disappear. An older version than the known one is ignored.
 */
function replaced(known: Box, now: Box): Box {
  if (now.lastSavedTimestamp < known.lastSavedTimestamp) return known;
  return known.columns && !now.columns ? { ...now, columns: known.columns } : now;
}

function isBox(data: object): data is Box {
  return "boxKey" in data && "stageKey" in data && "pipelineKey" in data && "key" in data;
}

/** The box as the first loaded response that holds it has it. */
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
  /** New values of members whose shown form differs from the sent form, such as people. */
  shown?: Partial<Box>;
  /** Text of the toast, such as "Moved to Won". Without it, no undo is offered. */
  says?: string;
};

/**
 * Edits a box. The edit shows at once and is then sent; if the server refuses it, the old values come back. If the
 * server cannot be reached, the edit waits until it can.
 */
export function useEditBox() {
  return useMutation({
    mutationKey: EDITS,
    mutationFn: ({ box, edit }: BoxChange) => enqueueEdit(box.key, () => sendEdit(box.key, edit)),
    onMutate: ({ box, edit, shown }: BoxChange) => {
      const shownValues = { ...asShown(edit), ...shown };
      const restore = patchBox(box.key, shownValues);
      const settle = addWaiting(box.key, shownValues);
      return { restore, settle };
    },
    onError: (_error, _change, begun) => {
      begun?.settle();
      begun?.restore();
    },
    onSuccess: ({ saved, response }, { box, says }, { settle }) => {
      settle();
      patchBox(box.key, saved);
      if (says) offerUndo(says, response);
    },
  });
}

/** Mutation key by which the edits that wait for the server are counted. */
export const EDITS = ["edit a box"] as const;

/** Sends the edit until the server answers. Sending it twice is safe because an edit sets values. */
async function sendEdit(box: string, edit: Edit): Promise<{ saved: Box; response: Response }> {
  for (;;) {
    try {
      const { data, response } = await client.POST("/v1/boxes/{box}", { params: { path: { box } }, body: edit });
      return { saved: data as Box, response };
    } catch (error) {
      if (!(error instanceof Problem && error.unreachable)) throw error;
      reportReachable(false);
      await untilReachable();
    }
  }
}

const editQueues = new Map<string, Promise<unknown>>();

/** Sends the edits of one box one after another, in the order in which the user made them. */
function enqueueEdit<T>(box: string, run: () => Promise<T>): Promise<T> {
  const queued = (editQueues.get(box) ?? Promise.resolve()).catch(() => undefined).then(run);
  editQueues.set(box, queued);
  const remove = () => editQueues.get(box) === queued && editQueues.delete(box);
  queued.then(remove, remove);
  return queued;
}

const waitingEdits = new Map<string, Partial<Box>[]>();

/** Applies this change to every version of the box that the server sends, until the returned function is called. */
function addWaiting(box: string, change: Partial<Box>): () => void {
  waitingEdits.set(box, [...(waitingEdits.get(box) ?? []), change]);
  return () => {
    const left = (waitingEdits.get(box) ?? []).filter((each) => each !== change);
    if (left.length > 0) waitingEdits.set(box, left);
    else waitingEdits.delete(box);
  };
}

/** The box as the server sent it, plus the edits that the server has not answered yet. */
export function withWaiting(box: Box): Box {
  return (waitingEdits.get(box.key) ?? []).reduce(changed, box);
}

/** How an edit changes the shown members. People are left out: their entries come with the server's response. */
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
