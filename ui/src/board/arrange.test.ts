import { expect, test } from "vitest";
import type { Box } from "../api/boxes";
import type { BoardOut } from "../api/schema";
import { arrange, placed } from "./arrange";

const nobody = { golden: [], order: {} };

function card(key: string, stageKey: string, value?: unknown): Box {
  return { key, boxKey: key, stageKey, pipelineKey: "p", fields: value === undefined ? {} : { "1001": value } } as Box;
}

function board(lead: Box[], won: Box[]): BoardOut {
  const column = (key: string, results: Box[]) => ({
    key,
    name: key,
    results,
    count: results.length + 10,
    sums: { "1001": 100 },
    hasNextPage: true,
    golden: [],
  });
  return { pipelineKey: "p", by: "stage", count: 0, columns: [column("lead", lead), column("won", won)] };
}

test("a card that was moved counts and sums where it is now", () => {
  const [lead, won] = arrange(board([card("1", "won", "7"), card("2", "lead")], [card("3", "won")]), nobody);
  expect(lead).toMatchObject({ count: 11, sums: { "1001": 93 } });
  expect(lead?.cards.map((each) => each.key)).toEqual(["2"]);
  expect(won).toMatchObject({ count: 12, sums: { "1001": 107 } });
  expect(won?.cards.map((each) => each.key)).toEqual(["3", "1"]);
});

test("golden cards come first, then those that were put in a place", () => {
  const cards = ["1", "2", "3", "4"].map((key) => card(key, "lead"));
  const [lead] = arrange(board(cards, []), { golden: ["4"], order: { lead: ["3", "gone"] } });
  expect(lead?.cards.map((each) => each.key)).toEqual(["4", "3", "1", "2"]);
});

test("by a field, cards without a value stand in the column without a name", () => {
  const made = board([card("1", "x", "a")], []);
  const by = {
    ...made,
    by: "1001",
    columns: [
      { ...made.columns[0], key: "" },
      { ...made.columns[1], key: "a" },
    ],
  };
  const [unset, a] = arrange(by as BoardOut, nobody);
  expect([unset?.cards.length, a?.cards.length]).toEqual([0, 1]);
});

test("a place keeps those above it, and is forgotten far down", () => {
  const cards = Array.from({ length: 40 }, (_, at) => ({ key: `${at}` }));
  expect(placed(cards, "5", 2)).toEqual(["0", "1", "5"]);
  expect(placed(cards, "0", 3)).toEqual(["1", "2", "0"]);
  expect(placed(cards, "9", 0)).toEqual(["9"]);
  expect(placed(cards, "0", 35)).toBeNull();
});
