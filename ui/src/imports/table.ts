/** A table on its way into a pipeline: what the server takes it for, and what is to be done with it. */
import { client } from "../api/client";
import type { ImportOut, PipelineOut, PreviewOut } from "../api/schema";

export type Table = { name: string; content: Blob };
export type Plan = { mapping: Record<string, string | null>; match: string; make: string[] };

const BEGINNING = 256_000;
const asIs = { bodySerializer: (body: unknown) => body as BodyInit };

function queryOf(plan: Plan | null) {
  if (plan === null) return {};
  const { mapping, match, make } = plan;
  return {
    mapping: JSON.stringify(mapping),
    ...(match ? { match } : {}),
    ...(make.length ? { make: make.join(",") } : {}),
  };
}

function typed(table: Table) {
  const [, ending = ""] = /\.(\w+)$/.exec(table.name.toLowerCase()) ?? [];
  const type = { json: "application/json", jsonl: "application/x-ndjson" }[ending] ?? "text/csv";
  return { "Content-Type": type };
}

/** What the table would be taken for; its beginning is enough. */
export async function preview(pipeline: string, table: Table, plan: Plan | null): Promise<PreviewOut> {
  const { data } = await client.POST("/v2/pipelines/{pipeline}/import/preview", {
    params: { path: { pipeline }, query: queryOf(plan) },
    headers: typed(table),
    body: table.content.slice(0, BEGINNING) as never,
    ...asIs,
  });
  return data as PreviewOut;
}

export async function begin(pipeline: string, table: Table, plan: Plan): Promise<ImportOut> {
  const { data } = await client.POST("/v2/pipelines/{pipeline}/import", {
    params: { path: { pipeline }, query: queryOf(plan) },
    headers: typed(table),
    body: table.content as never,
    ...asIs,
  });
  return data as ImportOut;
}

/** Where a column can go. */
export function targets(pipeline: PipelineOut): { value: string; label: string }[] {
  return [
    { value: "name", label: "Name" },
    { value: "stage", label: "Stage" },
    { value: "assignees", label: "Assigned to" },
    { value: "followers", label: "Followers" },
    { value: "notes", label: "Notes" },
    { value: "created", label: "Date created" },
    ...pipeline.fields.filter((each) => each.type !== "FORMULA").map((each) => ({ value: each.key, label: each.name })),
  ];
}

export function isUnderWay(one: Pick<ImportOut, "state">): boolean {
  return one.state === "waiting" || one.state === "running";
}
