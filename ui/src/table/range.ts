/** A rectangle of cells, which is copied, pasted into, filled and cleared as one. */
import { asShown, type Box, type Edit, patchBox } from "../api/boxes";
import type { PipelineOut } from "../api/schema";
import { failed } from "../components/toasts";
import { boxes, type Operation, runBatch } from "./batch";
import { asText, type Column } from "./columns";
import { cellEdit } from "./paste";
import type { Item } from "./useIndex";

/** The rows of a rectangle from top to bottom, and its columns from left to right. */
export type Block = { ids: string[]; columns: Column[] };

export type Corner = { id: string; column: string };

/** The rectangle between two cells. Headers of groups within it are left out. */
export function blockOf(items: readonly Item[], columns: readonly Column[], from: Corner, to: Corner): Block {
  const [top, bottom] = inOrder(
    items.findIndex((each) => each.id === from.id),
    items.findIndex((each) => each.id === to.id),
  );
  const [left, right] = inOrder(
    columns.findIndex((each) => each.key === from.column),
    columns.findIndex((each) => each.key === to.column),
  );
  return {
    ids: items.slice(Math.max(0, top), bottom + 1).flatMap((each) => (each.type === "row" ? [each.id] : [])),
    columns: columns.slice(Math.max(0, left), right + 1),
  };
}

function inOrder(a: number, b: number): [number, number] {
  return a < b ? [a, b] : [b, a];
}

/** The cells as text that spreadsheets read: tabs between cells, quotes around cells with tabs, quotes or line ends. */
export function copied(rows: readonly Box[], columns: readonly Column[], pipeline: PipelineOut): string {
  const texts = rows.map((box) => columns.map((column) => asText(column, column.read(box), pipeline)));
  if (texts.length === 1 && texts[0]?.length === 1) return texts[0][0] ?? "";
  return texts
    .map((line) => line.map((text) => (/[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join("\t"))
    .join("\n");
}

/** How many cells the rectangle has, and the sum of those that are numbers. */
export function summary(rows: readonly Box[], block: Block): { cells: number; sum: number | null; numbers: number } {
  const values = rows.flatMap((box) =>
    block.columns.flatMap((column) => {
      const value = column.sums || column.kind === "number" ? column.read(box) : null;
      return typeof value === "number" ? [value] : [];
    }),
  );
  const sum = values.length > 1 ? values.reduce((total, each) => total + each, 0) : null;
  return { cells: block.ids.length * block.columns.length, sum, numbers: values.length };
}

type Write = { box: Box; edit: Edit; shown?: Partial<Box> };

/** The edit that gives a cell the value that another box has in this column; null if users cannot edit it. */
function sameValue(column: Column, from: Box): Omit<Write, "box"> | null {
  if (!column.editable) return null;
  if (column.field) return { edit: { fields: { [column.key]: from.fields[column.key] ?? null } } as Edit };
  switch (column.key) {
    case "name":
      return { edit: { name: from.name } as Edit };
    case "notes":
      return { edit: { notes: from.notes || null } as Edit };
    case "stage":
      return { edit: { stageKey: from.stageKey } as Edit };
    case "assignee":
      return {
        edit: { assignees: from.assignedToSharingEntries.map((each) => each.userKey || each.email) } as Edit,
        shown: { assignedToSharingEntries: from.assignedToSharingEntries },
      };
    case "contacts":
      return { edit: { contacts: from.contacts } as Edit };
    case "organizations":
      return { edit: { organizations: from.organizations } as Edit };
    default:
      return null;
  }
}

/** The edit that clears a cell; null if it cannot be empty. */
function noValue(column: Column): Omit<Write, "box"> | null {
  if (!column.editable) return null;
  if (column.field) return { edit: { fields: { [column.key]: null } } as Edit };
  switch (column.key) {
    case "notes":
      return { edit: { notes: null } as Edit };
    case "assignee":
      return { edit: { assignees: [] } as Edit, shown: { assignedToSharingEntries: [] } };
    case "contacts":
      return { edit: { contacts: [] } as Edit };
    case "organizations":
      return { edit: { organizations: [] } as Edit };
    default:
      return null;
  }
}

/** Gives the cells of these boxes the values that the first box has in these columns. */
export async function fill(from: Box, to: readonly Box[], columns: readonly Column[]): Promise<void> {
  const edits = columns.flatMap((column) => sameValue(column, from) ?? []);
  await write(
    to.flatMap((box) => edits.map((each) => ({ box, ...each }))),
    (count) => `Filled ${names(columns)} of ${boxes(count)}`,
  );
}

/** Clears the cells that can be empty. */
export async function clear(held: readonly Box[], columns: readonly Column[]): Promise<void> {
  const cleared = columns.filter((column) => noValue(column));
  await write(
    held.flatMap((box) =>
      cleared
        .filter((column) => !isEmpty(column.read(box)))
        .flatMap((column) => ({ box, edit: {} as Edit, ...noValue(column) })),
    ),
    (count) => `Cleared ${names(cleared)} of ${boxes(count)}`,
  );
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/**
 * Writes pasted lines into the cells of these boxes, from the first column to the right. Columns that are computed keep
 * their place and are skipped. Cells whose text is no value of their column stay as they are and are listed.
 */
export async function pasteInto(
  lines: readonly string[][],
  held: readonly Box[],
  columns: readonly Column[],
  pipeline: PipelineOut,
): Promise<void> {
  const writes: Write[] = [];
  const left: string[] = [];
  for (const [at, line] of lines.entries()) {
    const box = held[at];
    if (!box) {
      left.push(`${lines.length - at} rows that have no box below`);
      break;
    }
    for (const [place, words] of line.entries()) {
      const column = columns[place];
      if (!column || (!column.editable && words.trim() === "")) continue;
      const cleared = words.trim() === "" ? noValue(column) : null;
      const edit = cleared?.edit ?? (column.editable ? await cellEdit(column, words, pipeline) : null);
      if (edit) writes.push({ box, ...cleared, edit: edit as Edit });
      else if (column.editable) left.push(`${column.name}: “${words}”`);
      else if (at === 0) left.push(`${column.name}, which is computed`);
    }
  }
  await write(writes, (count) => `Pasted into ${boxes(count)}`);
  if (left.length > 0) {
    const rest = left.length > 3 ? ` and ${left.length - 3} more` : "";
    failed(new Error(`Not pasted: ${left.slice(0, 3).join("; ")}${rest}`));
  }
}

/** Repeats the lines until they fill the rectangle, if it is a multiple of them. Otherwise they stay as they are. */
export function tiled(lines: readonly string[][], block: Block): string[][] {
  const [height, width] = [lines.length, Math.max(...lines.map((each) => each.length))];
  const down = block.ids.length % height === 0 ? block.ids.length : height;
  const across = block.columns.length % width === 0 ? block.columns.length : width;
  return Array.from({ length: down }, (_, row) =>
    Array.from({ length: across }, (_, column) => lines[row % height]?.[column % width] ?? ""),
  );
}

/** Shows the edits at once and sends them as one change. The boxes of refused edits get their old values back. */
async function write(writes: readonly Write[], says: (count: number) => string): Promise<void> {
  const merged = new Map<string, Write>();
  for (const each of writes) {
    const known = merged.get(each.box.key);
    const fields = { ...known?.edit.fields, ...each.edit.fields };
    const edit = { ...known?.edit, ...each.edit, ...(Object.keys(fields).length ? { fields } : {}) } as Edit;
    merged.set(each.box.key, { box: each.box, edit, shown: { ...known?.shown, ...each.shown } });
  }
  if (merged.size === 0) return;
  const all = [...merged.values()];
  const restores = all.map(({ box, edit, shown }) => patchBox(box.key, { ...asShown(edit), ...shown }));
  const operations = all.map(
    ({ box, edit }): Operation => ({ method: "POST", path: `/v1/boxes/${box.key}`, body: edit }),
  );
  try {
    const { answers } = await runBatch(operations, says);
    for (const [at, answer] of answers.entries()) {
      if (answer === null) restores[at]?.();
      else patchBox(all[at]?.box.key ?? "", answer as Box);
    }
  } catch (error) {
    for (const restore of restores.toReversed()) restore();
    throw error;
  }
}

function names(columns: readonly Column[]): string {
  return columns.length === 1 ? (columns[0]?.name ?? "") : `${columns.length} columns`;
}
