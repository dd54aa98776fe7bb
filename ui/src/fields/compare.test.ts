import { expect, test } from "vitest";
import { compareValues, numberIn } from "./compare";

test("numbers come before words, and unset values last", () => {
  const values = ["b", "", 10, "9", "A", 2.5, undefined];
  expect([...values].sort(compareValues)).toEqual([2.5, "9", 10, "A", "b", "", undefined]);
});

test.each([
  ["42", 42],
  ["-0.5", -0.5],
  ["1e3", 1000],
  ["1.250,50 €", 1250.5],
  ["1,5", 1.5],
  ["(5.00)", -5],
  ["007", null],
  ["0170 1234567", null],
  ["4 apples", null],
  [true, null],
])("the number in %o is %o", (value, number) => expect(numberIn(value)).toBe(number));
