/** What the address says about a table: the saved view, and what differs from it. */
import { useMemo } from "react";
import { usePreferences } from "../api/preferences";
import type { PipelineOut, ViewOut } from "../api/schema";
import { useSearch } from "../lib/search";
import { allColumns, type Column, usualColumns } from "./columns";
import { sendable, type Tree } from "./filter";

export type Layout = { key: string; width?: number; frozen?: boolean };

export type TableState = {
  view: ViewOut | undefined;
  filter: Tree | null;
  sort: string[];
  /** Key of the column to group by; empty for no groups. */
  group: string;
  /** The shown columns in their order, frozen ones first. */
  layout: Layout[];
  closed: string[];
  /** Whether anything differs from the saved view. */
  differs: boolean;
};

/** `name:240!,stage:120,1001`: column keys with widths; ! marks frozen columns. */
export function writeLayout(layout: readonly Layout[]): string {
  return layout.map(({ key, width, frozen }) => `${key}${width ? `:${width}` : ""}${frozen ? "!" : ""}`).join(",");
}

export function readLayout(text: string): Layout[] {
  return text.split(",").flatMap((part) => {
    const found = /^([\w.-]+?)(?::(\d{1,4}))?(!?)$/.exec(part);
    return found?.[1]
      ? [{ key: found[1], ...(found[2] ? { width: Number(found[2]) } : {}), ...(found[3] ? { frozen: true } : {}) }]
      : [];
  });
}

/** A valid layout: frozen columns first, deleted columns left out, the name always present. */
export function validLayout(layout: readonly Layout[], known: ReadonlyMap<string, Column>): Layout[] {
  const there = layout.filter(
    (each, at) => known.has(each.key) && layout.findIndex((entry) => entry.key === each.key) === at,
  );
  const complete = there.some((each) => each.key === "name") ? there : [{ key: "name", frozen: true }, ...there];
  return [...complete.filter((each) => each.frozen), ...complete.filter((each) => !each.frozen)];
}

function layoutOf(view: ViewOut): Layout[] {
  return view.columns
    .filter((each) => !each.hidden)
    .map(({ key, width, frozen }) => ({ key, ...(width ? { width } : {}), ...(frozen ? { frozen } : {}) }));
}

/** The filter in the address, or none if it is not valid. */
export function parsed(text: string | null): Tree | null {
  try {
    return text ? (JSON.parse(text) as Tree) : null;
  } catch {
    return null;
  }
}

/** The content to store in a saved view, as the API takes it. */
export function contentOf(state: TableState, columns: ReadonlyMap<string, Column>): Record<string, unknown> {
  const { filter, sort, group, layout } = state;
  const kept = layout.map(({ key, width, frozen }) => ({ key, ...(width ? { width } : {}), frozen: frozen === true }));
  return { filter: sendable(filter, columns), sort, group: group || null, columns: kept };
}

export type Change = Partial<Record<"view" | "filter" | "sort" | "group" | "columns" | "closed", string | null>>;

export function useTableState(pipeline: PipelineOut, views: readonly ViewOut[]) {
  const [search, setSearch] = useSearch();
  const { preferences, set } = usePreferences();
  const columns = useMemo(() => allColumns(pipeline), [pipeline]);
  const view = views.find((each) => each.key === search.get("view"));
  const text = search.toString();
  const saved = preferences[`table:${pipeline.key}`];

  // biome-ignore lint/correctness/useExhaustiveDependencies: `search` is compared by its text
  const state = useMemo((): TableState => {
    const mine =
      typeof saved === "string" && saved
        ? readLayout(saved)
        : usualColumns(pipeline).map((key): Layout => ({ key, frozen: key === "name" }));
    const base = view
      ? view.columns.length
        ? layoutOf(view)
        : usualColumns(pipeline).map((key): Layout => ({ key, frozen: key === "name" }))
      : mine;
    const columnsGiven = search.get("columns");
    return {
      view,
      filter: search.has("filter") ? parsed(search.get("filter")) : ((view?.filter as Tree | undefined) ?? null),
      sort: search.has("sort") ? (search.get("sort") ?? "").split(",").filter(Boolean) : (view?.sort ?? []),
      group: search.has("group") ? (search.get("group") ?? "") : view ? (view.group ?? "") : "stage",
      layout: validLayout(columnsGiven ? readLayout(columnsGiven) : base, columns),
      closed: (search.get("closed") ?? "").split("~").filter(Boolean),
      differs: ["filter", "sort", "group", "columns"].some((name) => search.has(name)),
    };
  }, [text, view, saved, pipeline, columns]);

  const change = (given: Change) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(given))
          value === null ? after.delete(name) : after.set(name, value ?? "");
        return after;
      },
      // The next click sorts by what this click left, so the header shows it before another click can come.
      { replace: !("view" in given), preventScrollReset: true, flushSync: "sort" in given },
    );

  /**
   * Without a saved view, the layout is stored in the user's preferences. With one, it stays in the address until it
   * is saved.
   */
  const setLayout = (layout: Layout[]) => {
    const written = writeLayout(validLayout(layout, columns));
    if (view) change({ columns: written });
    else set({ [`table:${pipeline.key}`]: written });
  };

  return { state, columns, change, setLayout };
}
