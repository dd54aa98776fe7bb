/** A table to import: how the server reads it, and the mapping of its columns. */
import { client } from "../api/client";
import type { ImportOut, PipelineOut, PreviewOut } from "../api/schema";

export type Table = { name: string; content: Blob };
/** `mapping` is null until the server has suggested one. The texts are empty where the server detects the value. */
export type Plan = {
  mapping: Record<string, string | null> | null;
  match: string;
  make: string[];
  encoding: string;
  delimiter: string;
  dates: string;
  sheet: string;
};
export const DETECTED: Plan = { mapping: null, match: "", make: [], encoding: "", delimiter: "", dates: "", sheet: "" };

const BEGINNING = 256_000;
const SHEET = /\.(xlsx|xlsm|xls|ods|gz)$/i;
/** Sends a body as it is. */
export const rawBody = { bodySerializer: (body: unknown) => body as BodyInit };

function queryOf({ mapping, make, delimiter, ...others }: Plan) {
  const texts = { ...others, delimiter: delimiter === "\t" ? "tab" : delimiter };
  return {
    ...(mapping ? { mapping: JSON.stringify(mapping) } : {}),
    ...(make.length ? { make: make.join(",") } : {}),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== "")),
  };
}

function typed(table: Table) {
  const [, ending = ""] = /\.(\w+)$/.exec(table.name.toLowerCase()) ?? [];
  const known = { json: "application/json", jsonl: "application/x-ndjson" };
  const type =
    known[ending as keyof typeof known] ?? (SHEET.test(table.name) ? "application/octet-stream" : "text/csv");
  return { "Content-Type": type };
}

/** How the server would read the table. Sends only its beginning, but all of a spreadsheet. */
export async function preview(pipeline: string, table: Table, plan: Plan): Promise<PreviewOut> {
  const { data } = await client.POST("/v2/pipelines/{pipeline}/import/preview", {
    params: { path: { pipeline }, query: queryOf(plan) },
    headers: typed(table),
    body: (SHEET.test(table.name) ? table.content : table.content.slice(0, BEGINNING)) as never,
    ...rawBody,
  });
  return data as PreviewOut;
}

export async function begin(pipeline: string, table: Table, plan: Plan): Promise<ImportOut> {
  const { data } = await client.POST("/v2/pipelines/{pipeline}/import", {
    params: { path: { pipeline }, query: queryOf(plan) },
    headers: typed(table),
    body: table.content as never,
    ...rawBody,
  });
  return data as ImportOut;
}

/** The fields that a column can be mapped to. */
export function targets(pipeline: PipelineOut): { value: string; label: string }[] {
  return [
    { value: "name", label: "Name" },
    { value: "stage", label: "Stage" },
    { value: "assignees", label: "Assigned to" },
    { value: "followers", label: "Followers" },
    { value: "notes", label: "Notes" },
    { value: "created", label: "Date created" },
    { value: "contacts", label: "Contacts" },
    { value: "organizations", label: "Organizations" },
    ...pipeline.fields.filter((each) => each.type !== "FORMULA").map((each) => ({ value: each.key, label: each.name })),
  ];
}

export function isUnderWay(imported: Pick<ImportOut, "state">): boolean {
  return imported.state === "waiting" || imported.state === "running";
}
