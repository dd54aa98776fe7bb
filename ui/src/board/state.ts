/** What the address says about a board: the saved view, and what differs from it. */
import { useMemo } from "react";
import type { PipelineOut, ViewOut } from "../api/schema";
import { useSearch } from "../lib/search";
import { allColumns, type Column } from "../table/columns";
import { sendable, type Tree } from "../table/filter";
import { parsed } from "../table/state";
import { STAGE } from "./arrange";
import type { BoardQuery } from "./useBoard";

export type BoardState = {
  view: ViewOut | undefined;
  filter: Tree | null;
  sort: string[];
  by: string;
  /** Whether anything differs from the saved view. */
  differs: boolean;
};

/** A board takes from a saved view the filter, the order, and the group if lanes can be made of it. */
export function boardState(search: URLSearchParams, view: ViewOut | undefined, pipeline: PipelineOut): BoardState {
  const grouped = view?.group ?? STAGE;
  return {
    view,
    filter: search.has("filter") ? parsed(search.get("filter")) : ((view?.filter as Tree | undefined) ?? null),
    sort: (search.get("sort") ?? view?.sort.join(",") ?? "").split(",").filter(Boolean),
    by: search.get("by") ?? (hasColumns(pipeline, grouped) ? grouped : STAGE),
    differs: ["filter", "sort", "by"].some((name) => search.has(name)),
  };
}

function hasColumns(pipeline: PipelineOut, group: string): boolean {
  return pipeline.fields.some((field) => field.key === group && field.type === "DROPDOWN");
}

/** The content to store in a saved view, as the API takes it. The view's table columns do not change. */
export function contentOf(state: BoardState, columns: ReadonlyMap<string, Column>): Record<string, unknown> {
  return { filter: sendable(state.filter, columns), sort: state.sort, group: state.by };
}

/** `views` is undefined until the saved views are loaded. */
export function useBoardState(pipeline: PipelineOut, views: readonly ViewOut[] | undefined) {
  const [search, setSearch] = useSearch();
  const columns = useMemo(() => allColumns(pipeline), [pipeline]);
  const view = views?.find((each) => each.key === search.get("view"));
  const state = boardState(search, view, pipeline);
  const words = search.get("q") ?? "";
  const boardQuery: BoardQuery = {};
  const filter = withName(sendable(state.filter, columns), words);
  if (filter) boardQuery.filter = JSON.stringify(filter);
  if (state.sort.length) boardQuery.sort = state.sort.join(",");
  if (state.by !== STAGE) boardQuery.by = state.by;

  const change = (given: Record<string, string | null>) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(given)) value === null ? after.delete(name) : after.set(name, value);
        return after;
      },
      { replace: !("view" in given) },
    );
  return { state, columns, boardQuery, change, waits: search.has("view") && views === undefined };
}

function withName(filter: Tree | null, words: string): Tree | null {
  if (words === "") return filter;
  const named = { field: "name", op: "contains", value: words };
  return filter === null ? named : { and: [filter, named] };
}
