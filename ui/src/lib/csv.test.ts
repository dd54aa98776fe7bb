import { expect, test } from "vitest";
import { csvOf, guarded } from "./csv";

test("rows become CSV that Excel reads as UTF-8 and does not compute", () => {
  const rows = [
    ["stage", "=boxes", "share"],
    ['Won, "really"', 3, 0.5],
    ["=1+1", -5, null],
  ];
  expect(csvOf(rows)).toBe('\ufeffstage,\'=boxes,share\r\n"Won, ""really""",3,0.5\r\n\'=1+1,-5,\r\n');
});

test.each([
  ["\t=1", "'\t=1"],
  ["\r=1", "'\r=1"],
  ["@only", "'@only"],
  ["'=1", "''=1"],
  ["-", "-"],
  ["'a", "'a"],
])("the text %j is written as %j", (text, cell) => expect(guarded(text)).toBe(cell));
