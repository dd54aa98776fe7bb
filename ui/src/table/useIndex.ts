/** The order of all rows of a table, loaded once and again after an event in the pipeline. */
import { keepPreviousData } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { api } from "../api/client";
import { useEvents } from "../api/live";
import type { TableGroup, TableOut } from "../api/schema";
import type { Column } from "./columns";
import { sendable } from "./filter";
import { Rows, useBoxStore } from "./rows";
import type { TableState } from "./state";

export type Item =
  | { type: "group"; id: string; group: TableGroup }
  | { type: "row"; id: string; group: TableGroup }
  | { type: "add"; id: string; group: TableGroup };

const FIRST_PAGE = 60;
const RELOAD_DELAY = 400;

export function useIndex(pipeline: string, state: TableState, columns: ReadonlyMap<string, Column>) {
  const shown = state.layout.flatMap((each) => columns.get(each.key) ?? []);
  const fields = shown
    .filter((each) => each.requested)
    .map((each) => each.key)
    .sort()
    .join(",");
  const query = queryOf(state, shown, columns);
  const request = api.useQuery(
    "get",
    "/v2/pipelines/{pipeline}/table",
    { params: { path: { pipeline }, query: { ...query, ...(fields ? { fields } : {}), limit: FIRST_PAGE } } },
    { placeholderData: keepPreviousData, meta: { live: true }, refetchOnMount: "always" },
  );
  const rows = useMemo(() => new Rows(pipeline, fields), [pipeline, fields]);
  useBoxStore(rows);
  const data = request.data;
  // Stored before the rows are drawn, so that no box of this response is requested again.
  if (data) rows.keep(data.results);
  useEffect(() => {
    if (data) rows.put(data.results);
  }, [data, rows]);
  useRefetch(pipeline, () => void request.refetch());
  return { request, rows, shown, query };
}

/** Query parameters of the table's request. */
export function queryOf(state: TableState, shown: readonly Column[], columns: ReadonlyMap<string, Column>) {
  const filter = sendable(state.filter, columns);
  const sums = shown.filter((each) => each.sums).map((each) => each.key);
  return {
    by: state.group,
    ...(filter ? { filter: JSON.stringify(filter) } : {}),
    ...(state.sort.length ? { sort: state.sort.join(",") } : {}),
    ...(sums.length ? { sums: sums.slice(0, 50).join(",") } : {}),
  };
}

function useRefetch(pipeline: string, refetch: () => void): void {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const newest = useRef(refetch);
  useEffect(() => {
    newest.current = refetch;
  });
  useEvents((event) => {
    if (event.pipelineKey !== pipeline || !/^(box|task|comment|meeting|file)\./.test(event.kind)) return;
    timer.current ??= setTimeout(() => {
      timer.current = null;
      newest.current();
    }, RELOAD_DELAY);
  });
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
}

/** The lines to draw from top to bottom: group headers, rows, and a line to add a box at the end of each group. */
export function itemsOf(data: TableOut | undefined, closed: readonly string[], canAdd: boolean): Item[] {
  const items: Item[] = [];
  for (const group of data?.groups ?? []) {
    const grouped = data?.by !== "";
    if (grouped) items.push({ type: "group", id: `g:${group.key}`, group });
    if (grouped && closed.includes(group.key)) continue;
    for (const id of group.boxKeys) items.push({ type: "row", id, group });
    if (canAdd) items.push({ type: "add", id: `a:${group.key}`, group });
  }
  return items;
}
