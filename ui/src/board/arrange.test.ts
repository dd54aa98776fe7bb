import { expect, test } from "vitest";
import type { Box } from "../api/boxes";
import type { BoardOut } from "../api/schema";
import { above, arrange, marked, placed } from "./arrange";

function card(key: string, stageKey: string, value?: unknown): Box {
  return { key, boxKey: key, stageKey, pipelineKey: "p", fields: value === undefined ? {} : { "1001": value } } as Box;
}

function board(lead: Box[], won: Box[], golden: string[] = []): BoardOut {
  const column = (key: string, results: Box[]) => ({
    key,
    name: key,
    results,
    count: results.length + 10,
    sums: { "1001": 100 },
    ignored: { "1001": 2 },
    golden: golden.filter((key) => results.some((each) => each.key === key)),
    hasNextPage: true,
  });
  return { pipelineKey: "p", by: "stage", count: 0, columns: [column("lead", lead), column("won", won)] };
}

const keysOf = (made: BoardOut) => arrange(made).map((lane) => lane.cards.map((each) => each.key));

test("a moved card counts and sums in its new lane", () => {
  const [lead, won] = arrange(board([card("1", "won", "7"), card("2", "lead")], [card("3", "won")]));
  expect(lead).toMatchObject({ count: 11, sums: { "1001": 93 } });
  expect(lead?.cards.map((each) => each.key)).toEqual(["2"]);
  expect(won).toMatchObject({ count: 12, sums: { "1001": 107 } });
  expect(won?.cards.map((each) => each.key)).toEqual(["3", "1"]);
});

test("a moved card whose value is not a number is left out of the sum of its new lane", () => {
  const [lead, won] = arrange(board([card("1", "won", "about 7"), card("2", "lead")], []));
  expect([lead?.ignored, won?.ignored]).toEqual([{ "1001": 1 }, { "1001": 3 }]);
  const cards = [card("1", "lead", "about 7"), card("2", "lead", "8")];
  const [from, to] = arrange(placed(board(cards, []), cards[0] as Box, "won", null));
  expect([from?.ignored, to?.ignored, to?.sums]).toEqual([{ "1001": 1 }, { "1001": 3 }, { "1001": 100 }]);
});

test("golden cards are on top, also a golden card that was moved here", () => {
  const cards = ["1", "2", "3"].map((key) => card(key, "lead"));
  expect(keysOf(board(cards, [], ["3"]))).toEqual([["3", "1", "2"], []]);
  expect(keysOf(board([card("1", "won")], [card("2", "won")], ["1"]))).toEqual([[], ["1", "2"]]);
  expect(keysOf(marked(board(cards, []), { key: "2" }, true))).toEqual([["2", "1", "3"], []]);
  expect(keysOf(marked(board(cards, [], ["3"]), { key: "3" }, false))).toEqual([["1", "2", "3"], []]);
});

test("by a field, cards without a value are in the lane without a name", () => {
  const made = board([card("1", "x", "a")], []);
  const by = {
    ...made,
    by: "1001",
    columns: [
      { ...made.columns[0], key: "" },
      { ...made.columns[1], key: "a" },
    ],
  };
  const [unset, a] = arrange(by as BoardOut);
  expect([unset?.cards.length, a?.cards.length]).toEqual([0, 1]);
});

test("a card that is moved below another is there at once, in its lane or in the next", () => {
  const cards = ["1", "2", "3"].map((key) => card(key, "lead", "5"));
  const made = board(cards, [card("4", "won")]);
  const third = cards[2] as Box;
  expect(keysOf(placed(made, third, "lead", "1"))).toEqual([["1", "3", "2"], ["4"]]);
  expect(keysOf(placed(made, third, "lead", null))).toEqual([["3", "1", "2"], ["4"]]);
  const [lead, won] = arrange(placed(made, third, "won", "4"));
  expect([lead?.count, won?.count, won?.cards.map((each) => each.key)]).toEqual([12, 12, ["4", "3"]]);
  expect([lead?.sums, won?.sums]).toEqual([{ "1001": 95 }, { "1001": 105 }]);
});

test("the card above a position is never the card itself or a golden card", () => {
  const cards = ["1", "2", "3"].map((key) => card(key, "lead"));
  expect(above({ cards, golden: [] }, "3", 1)).toBe("1");
  expect(above({ cards, golden: [] }, "1", 2)).toBe("2");
  expect(above({ cards, golden: [] }, "3", 0)).toBeNull();
  expect(above({ cards, golden: ["1"] }, "3", 1)).toBeNull();
});
