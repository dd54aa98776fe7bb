/** Rows pasted from a spreadsheet: the meaning of each column, and the boxes that result. */
import type { PipelineOut } from "../api/schema";
import { nameOf } from "../components/People";
import { kindOf } from "../fields/kinds";
import { linksNamed } from "../fields/links";
import type { Column } from "./columns";

export type Pasted = { header: string[] | null; lines: string[][]; width: number };

/**
 * Splits at tabs and lines; quotes protect both, as spreadsheets copy them. Without tabs, each line is one cell, unless
 * the first line names columns with commas between them.
 */
export async function split(text: string, columns: ReadonlyMap<string, Column>): Promise<string[][]> {
  const whole = text.replace(/\r?\n$/, "");
  if (!/[\t\n]/.test(whole)) return whole.trim() ? [[whole.trim()]] : [];
  const { default: papa } = await import("papaparse");
  const [first = ""] = whole.split(/\r?\n/);
  const hasCommas = !whole.includes("\t") && first.split(",").some((each) => named(each, columns) !== null);
  // Without a delimiter in the text, each line is one cell: U+001F stands in no text.
  const delimiter = whole.includes("\t") ? "\t" : hasCommas ? "," : "\u001f";
  return papa.parse<string[]>(whole, { delimiter, skipEmptyLines: hasCommas ? "greedy" : false }).data;
}

/** Treats the first line as column names if at least one cell is a name and no cell is a value of its column. */
export function readPasted(lines: string[][], columns: ReadonlyMap<string, Column>): Pasted {
  const width = Math.max(0, ...lines.map((each) => each.length));
  const [first = [], ...rest] = lines;
  const isHeader = rest.length > 0 && first.some((each) => named(each, columns) !== null);
  return { header: isHeader ? first : null, lines: isHeader ? rest : lines, width };
}

export function named(name: string, columns: ReadonlyMap<string, Column>): string | null {
  const wanted = name.trim().toLowerCase();
  return [...columns.values()].find((each) => each.editable && each.name.toLowerCase() === wanted)?.key ?? null;
}

/**
 * Maps each pasted column by its name, or from the active column to the right in the shown order. What is pasted onto a
 * computed column is left out, and the columns after it keep their places.
 */
export function guessTargets(
  pasted: Pasted,
  shown: readonly Column[],
  columns: ReadonlyMap<string, Column>,
  from: string | null,
): (string | null)[] {
  if (pasted.header) return Array.from({ length: pasted.width }, (_, at) => named(pasted.header?.[at] ?? "", columns));
  const start = Math.max(
    0,
    shown.findIndex((each) => each.key === from),
  );
  const targets = shown.slice(start).map((each) => (each.editable ? each.key : null));
  return Array.from({ length: pasted.width }, (_, at) => targets[at] ?? null);
}

/** The edit for one pasted cell, or the reason why its text is not valid. */
export async function cellEdit(
  column: Column,
  words: string,
  pipeline: PipelineOut,
): Promise<Record<string, unknown> | null> {
  if (column.key === "name") return words.trim() ? { name: words.trim() } : null;
  if (column.key === "notes") return { notes: words || null };
  if (column.key === "stage") {
    const stage = Object.values(pipeline.stages).find((each) => each.name.toLowerCase() === words.trim().toLowerCase());
    return stage ? { stageKey: stage.key } : null;
  }
  if (column.key === "assignee") {
    const people = words
      .split(/[,;]/)
      .map((each) => each.trim())
      .filter(Boolean)
      .map((each) => (each.includes("@") ? each : userNamed(each, pipeline)));
    return people.includes(undefined) ? null : { assignees: people };
  }
  if (column.kind === "contacts" || column.kind === "organizations") {
    const keys = await linksNamed(column.kind, words, pipeline.teamKey);
    if (keys === undefined) return null;
    return column.field ? { fields: { [column.key]: keys } } : { [column.key]: (keys ?? []).map((key) => ({ key })) };
  }
  if (!column.field) return null;
  const value = await kindOf(column.field).fromText(words, column.field, pipeline.teamKey);
  return value === undefined ? null : { fields: { [column.key]: value } };
}

/** The key of the only user of the pipeline with this name, or with this first name. */
function userNamed(name: string, pipeline: PipelineOut): string | undefined {
  const wanted = name.toLowerCase();
  const people = pipeline.aclEntries.map((each) => ({ key: each.userKey, name: nameOf(each).toLowerCase() }));
  const whole = people.filter((each) => each.name === wanted);
  const found = whole.length ? whole : people.filter((each) => each.name.split(" ")[0] === wanted);
  return found.length === 1 ? found[0]?.key : undefined;
}

/** One request body for each line, and the cells that are not valid. */
export async function bodies(
  lines: readonly string[][],
  targets: readonly (string | null)[],
  columns: ReadonlyMap<string, Column>,
  pipeline: PipelineOut,
) {
  const unread: string[] = [];
  const parsed: Record<string, unknown>[] = [];
  for (const line of lines) {
    const body: Record<string, unknown> = {};
    for (const [at, words] of line.entries()) {
      const column = columns.get(targets[at] ?? "");
      if (!column || words.trim() === "") continue;
      const part = await cellEdit(column, words, pipeline);
      if (part === null) unread.push(`${column.name}: ${words}`);
      else if (part.fields) body.fields = { ...(body.fields as object | undefined), ...(part.fields as object) };
      else Object.assign(body, part);
    }
    parsed.push(body);
  }
  return { parsed, unread };
}
