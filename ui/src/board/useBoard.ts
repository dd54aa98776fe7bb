/** A pipeline's board as it is shown: its first cards, more of a column as one scrolls, and what others do. */
import { keepPreviousData } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { Box } from "../api/boxes";
import { api, client } from "../api/client";
import { useEvents } from "../api/live";
import { queries } from "../api/queries";
import type { BoardColumn, BoardOut } from "../api/schema";
import { laneOf } from "./arrange";

export type Asked = { by?: string; view?: string; filter?: string; sort?: string };

const FIRST = 40;
const MORE = 200;
const CALM = 400;

export function useBoard(pipeline: string, asked: Asked) {
  const query = { ...asked, limit: FIRST };
  const init = { params: { path: { pipeline }, query: defined(query) } };
  const board = api.useQuery("get", "/v2/pipelines/{pipeline}/board", init, {
    meta: { live: true },
    placeholderData: keepPreviousData,
  });
  const { queryKey } = api.queryOptions("get", "/v2/pipelines/{pipeline}/board", init);
  const filtered = Boolean(asked.filter || asked.view);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const loading = useRef(new Set<string>());

  const change = (how: (board: BoardOut) => BoardOut) =>
    queries.setQueryData<BoardOut>(queryKey, (before) => before && how(before));

  async function more(column: string, cursor: string): Promise<void> {
    const name = `${column} ${cursor}`;
    if (loading.current.has(name)) return;
    loading.current.add(name);
    try {
      const { data } = await client.GET("/v2/pipelines/{pipeline}/board", {
        params: { path: { pipeline }, query: { ...init.params.query, column, cursor, limit: MORE } },
      });
      const [next] = data?.columns ?? [];
      if (next) change((before) => appended(before, column, next));
    } finally {
      loading.current.delete(name);
    }
  }

  /** Counts and sums of all columns, as the server has them now. */
  async function refigure(): Promise<void> {
    const { data } = await client.GET("/v2/pipelines/{pipeline}/board", {
      params: { path: { pipeline }, query: { ...init.params.query, limit: 1 } },
    });
    if (data) change((before) => figured(before, data));
  }

  useEvents((event) => {
    if (event.pipelineKey !== pipeline && !event.kind.startsWith("box.moved_pipeline")) return;
    const box = event.object as Box;
    if (event.kind === "box.created" || event.kind === "box.restored") {
      if (!filtered) change((before) => added(before, box));
    } else if (event.kind === "box.deleted" || event.kind === "box.moved_pipeline") {
      change((before) => removed(before, event.boxKey ?? ""));
    } else if (!event.kind.startsWith("box.") && !/^(stage|field|pipeline)\./.test(event.kind)) return;
    clearTimeout(timer.current);
    // Which cards pass a filter, and which columns there are, only the server knows.
    const anew = filtered || !event.kind.startsWith("box.");
    timer.current = setTimeout(() => {
      if (anew) void queries.invalidateQueries({ queryKey });
      else refigure().catch(() => undefined);
    }, CALM);
  });
  useEffect(() => () => clearTimeout(timer.current), []);

  return { board, more };
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

/** Each card in the column it belongs to, and the figures of all. */
export function figured(board: BoardOut, figures: BoardOut): BoardOut {
  const boxes = board.columns.flatMap((each) => each.results);
  const columns = board.columns.map((column) => {
    const now = figures.columns.find((each) => each.key === column.key);
    const stayed = column.results.filter((box) => laneOf(box, board.by) === column.key);
    const own = new Set(column.results.map((each) => each.key));
    const came = boxes.filter((box) => !own.has(box.key) && laneOf(box, board.by) === column.key);
    const results = [...stayed, ...came];
    return now ? { ...column, count: Math.max(now.count, results.length), sums: now.sums, results } : column;
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
