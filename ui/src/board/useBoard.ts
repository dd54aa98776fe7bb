/** The board of a pipeline: its first cards, more cards of a lane as the user scrolls, and live updates. */
import { keepPreviousData } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Box } from "../api/boxes";
import { api, client } from "../api/client";
import { useEvents } from "../api/live";
import { queries } from "../api/queries";
import type { BoardColumn, BoardOut } from "../api/schema";
import { laneOf, marked, STAGE } from "./arrange";

export type BoardQuery = { by?: string; filter?: string; sort?: string };

/** Mutation key of moves. While a move is being sent, the order on the screen is newer than the server's. */
export const PLACING = ["place"];

const FIRST_PAGE = 40;
const NEXT_PAGE = 200;
/** How many positions of a lane the server stores. */
export const MOST_PLACES = 100;
const RELOAD_DELAY = 400;

/** Waits with the request while `waits` is true. */
export function useBoard(pipeline: string, boardQuery: BoardQuery, waits: boolean) {
  const query = { ...boardQuery, limit: FIRST_PAGE };
  const init = { params: { path: { pipeline }, query: defined(query) } };
  const board = api.useQuery("get", "/v2/pipelines/{pipeline}/board", init, {
    meta: { live: true },
    enabled: !waits,
    placeholderData: keepPreviousData,
  });
  const { queryKey } = api.queryOptions("get", "/v2/pipelines/{pipeline}/board", init);
  const filtered = Boolean(boardQuery.filter);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const ordering = useRef<ReturnType<typeof setTimeout>>(undefined);
  const unordered = useRef(new Set<string>());
  const loading = useRef(new Set<string>());
  /** Boxes that have left the board. A response that was on its way at that moment still holds them. */
  const gone = useRef(new Set<string>());
  const present = (column: BoardColumn): BoardColumn => ({
    ...column,
    results: column.results.filter((box) => !gone.current.has(box.key)),
  });

  const change = (how: (board: BoardOut) => BoardOut) =>
    queries.setQueryData<BoardOut>(queryKey, (before) => before && how(before));

  /** Changes the board on the screen. Returns a function that restores it. */
  function show(how: (board: BoardOut) => BoardOut): () => void {
    const before = queries.getQueryData<BoardOut>(queryKey);
    change(how);
    return () => {
      queries.setQueryData(queryKey, before);
      void queries.invalidateQueries({ queryKey });
    };
  }

  async function more(column: string, cursor: string): Promise<void> {
    const name = `${column} ${cursor}`;
    if (loading.current.has(name)) return;
    loading.current.add(name);
    try {
      const { data } = await client.GET("/v2/pipelines/{pipeline}/board", {
        params: { path: { pipeline }, query: { ...init.params.query, column, cursor, limit: NEXT_PAGE } },
      });
      const [next] = data?.columns ?? [];
      if (next) change((before) => appended(before, column, present(next)));
    } finally {
      loading.current.delete(name);
    }
  }

  /** Loads the counts and sums of all lanes again. */
  async function reloadFigures(): Promise<void> {
    const columns = queries.getQueryData<BoardOut>(queryKey)?.columns ?? [];
    const sums = [...new Set(columns.flatMap((each) => Object.keys(each.sums)))].join(",");
    const { data } = await client.GET("/v2/pipelines/{pipeline}/board", {
      params: { path: { pipeline }, query: { ...init.params.query, limit: 0, ...(sums ? { sums } : {}) } },
    });
    if (data) change((before) => figured(before, data));
  }

  /** Loads the order of a lane's first cards again. */
  async function reloadOrder(column: string): Promise<void> {
    const { data } = await client.GET("/v2/pipelines/{pipeline}/board", {
      params: { path: { pipeline }, query: { ...init.params.query, column, limit: MOST_PLACES } },
    });
    const [next] = data?.columns ?? [];
    if (next) change((before) => withColumn(before, column, (known) => reordered(known, present(next))));
  }

  function reorderSoon(column: string): void {
    unordered.current.add(column);
    clearTimeout(ordering.current);
    ordering.current = setTimeout(() => {
      if (queries.isMutating({ mutationKey: PLACING }) > 0) return reorderSoon(column);
      for (const each of unordered.current) reloadOrder(each).catch(() => undefined);
      unordered.current.clear();
    }, RELOAD_DELAY);
  }

  useEvents((event) => {
    if (event.pipelineKey !== pipeline && !event.kind.startsWith("box.moved_pipeline")) return;
    const box = event.object as Box;
    if (event.kind === "box.placed") return reorderSoon(laneOf(box, boardQuery.by ?? STAGE));
    if (event.kind === "box.marked" || event.kind === "box.unmarked") {
      change((before) => marked(before, box, event.kind === "box.marked"));
      return;
    }
    if (event.kind === "box.created" || event.kind === "box.restored") {
      gone.current.delete(box.key);
      if (!filtered) change((before) => added(before, box));
    } else if (event.kind === "box.deleted" || event.kind === "box.moved_pipeline") {
      if (event.kind === "box.deleted" || box.pipelineKey !== pipeline) gone.current.add(event.boxKey ?? "");
      else gone.current.delete(box.key);
      change((before) => removed(before, event.boxKey ?? ""));
    } else if (!event.kind.startsWith("box.") && !/^(stage|field|pipeline)\./.test(event.kind)) return;
    clearTimeout(timer.current);
    // Only the server knows which cards pass a filter and which lanes there are.
    const reload = filtered || !event.kind.startsWith("box.");
    timer.current = setTimeout(() => {
      if (reload) void queries.invalidateQueries({ queryKey });
      else reloadFigures().catch(() => undefined);
    }, RELOAD_DELAY);
  });
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      clearTimeout(ordering.current);
    },
    [],
  );

  return { board, more, show };
}

function appended(board: BoardOut, key: string, next: BoardColumn): BoardOut {
  const known = new Set(board.columns.flatMap((each) => each.results.map((box) => box.key)));
  return withColumn(board, key, (column) => {
    const { cursor: _old, ...rest } = column;
    return {
      ...rest,
      ...(next.cursor ? { cursor: next.cursor } : {}),
      hasNextPage: next.hasNextPage,
      results: [...column.results, ...next.results.filter((box) => !known.has(box.key))],
    };
  });
}

/** The first cards in their current order, followed by the cards that were loaded before. */
export function reordered(known: BoardColumn, first: BoardColumn): BoardColumn {
  const there = new Set(first.results.map((each) => each.key));
  const others = known.results.filter((each) => !there.has(each.key));
  // If the server sent more cards than were known, the next page starts after these.
  const next = known.results.length > first.results.length ? known : first;
  const { cursor: _old, ...rest } = known;
  return {
    ...rest,
    ...(next.cursor ? { cursor: next.cursor } : {}),
    hasNextPage: next.hasNextPage,
    golden: first.golden,
    results: [...first.results, ...others],
  };
}

/** Puts each card into its lane, with the counts and sums of all lanes. */
export function figured(board: BoardOut, figures: BoardOut): BoardOut {
  const boxes = board.columns.flatMap((each) => each.results);
  const columns = board.columns.map((column) => {
    const now = figures.columns.find((each) => each.key === column.key);
    const stayed = column.results.filter((box) => laneOf(box, board.by) === column.key);
    const own = new Set(column.results.map((each) => each.key));
    const came = boxes.filter((box) => !own.has(box.key) && laneOf(box, board.by) === column.key);
    const results = [...stayed, ...came];
    const { sums, ignored } = now ?? column;
    return now ? { ...column, count: Math.max(now.count, results.length), sums, ignored, results } : column;
  });
  return { ...board, count: figures.count, columns };
}

export function added(board: BoardOut, box: Box): BoardOut {
  if (board.columns.some((column) => column.results.some((each) => each.key === box.key))) return board;
  return withColumn(board, laneOf(box, board.by), (column) => ({
    ...column,
    count: column.count + 1,
    results: [...column.results, box],
  }));
}

export function removed(board: BoardOut, key: string): BoardOut {
  const columns = board.columns.map((column) =>
    column.results.some((each) => each.key === key)
      ? { ...column, count: column.count - 1, results: column.results.filter((each) => each.key !== key) }
      : column,
  );
  return { ...board, columns };
}

function withColumn(board: BoardOut, key: string, how: (column: BoardColumn) => BoardColumn): BoardOut {
  return { ...board, columns: board.columns.map((each) => (each.key === key ? how(each) : each)) };
}

function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== "")) as never;
}
