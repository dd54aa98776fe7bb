/**
 * Puts cards into lanes by the current values of the boxes. A moved card is in its new lane before the server's counts
 * arrive.
 */
import type { Box } from "../api/boxes";
import type { BoardColumn, BoardOut } from "../api/schema";
import { isUnset, numberIn } from "../fields/compare";
import { isTest, membersOf, type Tree } from "../table/filter";

export const STAGE = "stage";

export type LaneOf = Pick<BoardColumn, "key" | "name" | "color" | "cursor" | "golden"> & {
  cards: Box[];
  count: number;
  sums: Record<string, number>;
  /** How many values each sum leaves out because they are not numbers. */
  ignored: Record<string, number>;
};

export function laneOf(box: Pick<Box, "stageKey" | "fields">, by: string): string {
  if (by === STAGE) return box.stageKey;
  const value = box.fields[by];
  return typeof value === "string" ? value : "";
}

/** Whether the filter lets no card into this lane, so that the lane is not drawn. */
export function isFilteredOut(filter: Tree | null, by: string, lane: Pick<LaneOf, "key" | "name">): boolean {
  const { word, members } = membersOf(filter);
  if (word !== "and") return false;
  const isLane = (value: unknown) =>
    String(value) === lane.key || String(value).toLowerCase() === lane.name.toLowerCase();
  return members.some((test) => {
    if (!isTest(test) || test.field !== by) return false;
    if (test.op === "in") return Array.isArray(test.value) && test.value.length > 0 && !test.value.some(isLane);
    if (test.op === "eq") return test.value !== undefined && !isLane(test.value);
    if (test.op === "ne") return test.value !== undefined && isLane(test.value);
    return test.op === "isNotEmpty" ? lane.key === "" : test.op === "isEmpty" && lane.key !== "";
  });
}

export function arrange(board: BoardOut): LaneOf[] {
  const golden = new Set(board.columns.flatMap((column) => column.golden));
  const held = new Map<string, Box[]>(board.columns.map((column) => [column.key, []]));
  for (const column of board.columns) {
    // Cards that stay keep the server's order. New cards are added at the end until the lane is loaded again.
    for (const box of column.results) if (laneOf(box, board.by) === column.key) held.get(column.key)?.push(box);
  }
  for (const column of board.columns) {
    for (const box of column.results) {
      const lane = laneOf(box, board.by);
      if (lane !== column.key) held.get(lane)?.push(box);
    }
  }
  return board.columns.map((column) => {
    const cards = held.get(column.key) ?? [];
    // Golden cards come first, as on the server; this includes a card that was marked just now.
    const sorted = [...cards.filter((each) => golden.has(each.key)), ...cards.filter((each) => !golden.has(each.key))];
    return {
      key: column.key,
      name: column.name,
      ...(column.color ? { color: column.color } : {}),
      ...(column.cursor ? { cursor: column.cursor } : {}),
      golden: sorted.filter((each) => golden.has(each.key)).map((each) => each.key),
      cards: sorted,
      count: Math.max(0, column.count + cards.length - column.results.length),
      sums: summed(column, column.sums, cards, worth),
      ignored: summed(column, column.ignored, cards, leftOut),
    };
  });
}

type Share = (box: Box, field: string) => number;
const worth: Share = (box, field) => numberIn(box.fields[field]) ?? 0;
const leftOut: Share = (box, field) => {
  const value = box.fields[field];
  return Number(!isUnset(value) && numberIn(value) === null);
};

/** The server's figures of each field, plus the shares of new cards and minus those of cards that left. */
function summed(
  column: BoardColumn,
  figures: Record<string, number>,
  cards: readonly Box[],
  share: Share,
): Record<string, number> {
  const before = new Set(column.results.map((each) => each.key));
  const now = new Set(cards.map((each) => each.key));
  const came = cards.filter((each) => !before.has(each.key));
  const left = column.results.filter((each) => !now.has(each.key));
  const total = (boxes: readonly Box[], key: string) => boxes.reduce((sum, each) => sum + share(each, key), 0);
  return Object.fromEntries(
    Object.entries(figures).map(([key, figure]) => [key, Number(figure) + total(came, key) - total(left, key)]),
  );
}

/** The card above this position; null at the top and below golden cards, which are always on top. */
export function above(lane: Pick<LaneOf, "cards" | "golden">, key: string, place: number): string | null {
  const before = lane.cards.slice(0, place).filter((each) => each.key !== key);
  const last = before.at(-1)?.key ?? null;
  return last !== null && lane.golden.includes(last) ? null : last;
}

/** The board after this card is moved below that card of a lane. */
export function placed(board: BoardOut, box: Box, to: string, after: string | null): BoardOut {
  const from = laneOf(box, board.by);
  return {
    ...board,
    columns: board.columns.map((column) => {
      const rest = column.results.filter((each) => each.key !== box.key);
      const change = Number(column.key === to) - Number(column.key === from);
      const changed = (figures: Record<string, number>, share: Share) =>
        Object.fromEntries(
          Object.entries(figures).map(([key, figure]) => [key, Number(figure) + change * share(box, key)]),
        );
      const figures = {
        count: column.count + change,
        sums: changed(column.sums, worth),
        ignored: changed(column.ignored, leftOut),
      };
      if (column.key !== to) return { ...column, results: rest, ...figures };
      const at = rest.findIndex((each) => each.key === after) + 1;
      const moved =
        board.by === STAGE ? { ...box, stageKey: to } : { ...box, fields: { ...box.fields, [board.by]: to } };
      const results = [...rest.slice(0, at), moved as Box, ...rest.slice(at)];
      return { ...column, results, ...figures };
    }),
  };
}

/** The board after the card's golden mark is set or removed. */
export function marked(board: BoardOut, box: Pick<Box, "key">, golden: boolean): BoardOut {
  return {
    ...board,
    columns: board.columns.map((column) => {
      const others = column.golden.filter((each) => each !== box.key);
      const isHere = golden && column.results.some((each) => each.key === box.key);
      return { ...column, golden: isHere ? [...others, box.key] : others };
    }),
  };
}
