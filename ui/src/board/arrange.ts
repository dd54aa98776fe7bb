/** Cards in their columns, as the boxes are now: one that was moved stands in its new column before the server's figures
 * are there. */
import type { Box } from "../api/boxes";
import type { BoardColumn, BoardOut } from "../api/schema";
import { numberIn } from "../fields/compare";

export const STAGE = "stage";

export type LaneOf = Pick<BoardColumn, "key" | "name" | "color" | "cursor"> & {
  cards: Box[];
  count: number;
  sums: Record<string, number>;
};

/** How one likes the cards of a pipeline: those with a golden mark come first, then those that were put in a place. */
export type Places = { golden: string[]; order: Record<string, string[]> };

export function laneOf(box: Pick<Box, "stageKey" | "fields">, by: string): string {
  if (by === STAGE) return box.stageKey;
  const value = box.fields[by];
  return typeof value === "string" ? value : "";
}

export function arrange(board: BoardOut, places: Places): LaneOf[] {
  const golden = new Set(places.golden);
  const held = new Map<string, Box[]>(board.columns.map((column) => [column.key, []]));
  for (const column of board.columns) {
    // What stayed keeps the server's order; what came stands behind it until that is asked for again.
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
    const rank = new Map((places.order[column.key] ?? []).map((key, at) => [key, at]));
    const place = (box: Box) => (golden.has(box.key) ? -1 : (rank.get(box.key) ?? Number.POSITIVE_INFINITY));
    const sorted = cards
      .map((box, at) => ({ box, at, place: place(box) }))
      .sort((one, other) => (one.place === other.place ? one.at - other.at : one.place - other.place))
      .map((each) => each.box);
    return {
      key: column.key,
      name: column.name,
      ...(column.color ? { color: column.color } : {}),
      ...(column.cursor ? { cursor: column.cursor } : {}),
      cards: sorted,
      count: Math.max(0, column.count + cards.length - column.results.length),
      sums: summed(column, cards),
    };
  });
}

/** The server's sums, with what came and without what left. */
function summed(column: BoardColumn, cards: readonly Box[]): Record<string, number> {
  const before = new Set(column.results.map((each) => each.key));
  const now = new Set(cards.map((each) => each.key));
  const came = cards.filter((each) => !before.has(each.key));
  const left = column.results.filter((each) => !now.has(each.key));
  const worth = (boxes: readonly Box[], key: string) =>
    boxes.reduce((sum, each) => sum + (numberIn(each.fields[key]) ?? 0), 0);
  return Object.fromEntries(
    Object.entries(column.sums).map(([key, sum]) => [key, Number(sum) + worth(came, key) - worth(left, key)]),
  );
}

/** How many places of a column are kept: they are everybody's own, and few matter. */
export const MOST_PLACES = 30;

/** The order of a column with this card before `place`; null where that is further down than places are kept. */
export function placed(cards: readonly Pick<Box, "key">[], key: string, place: number): string[] | null {
  const others = cards.map((each) => each.key).filter((each) => each !== key);
  const above = cards.slice(0, place).filter((each) => each.key !== key).length;
  if (above >= MOST_PLACES) return null;
  return [...others.slice(0, above), key, ...others.slice(above)]
    .slice(0, Math.max(above + 1, 1))
    .slice(0, MOST_PLACES);
}
