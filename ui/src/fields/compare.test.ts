import { expect, test } from "vitest";
import { compareValues, numberIn } from "./compare";

test("numbers come before words, and unset values last", () => {
  const values = ["b", "", 10, "9", "A", 2.5, undefined];
  expect([...values].sort(compareValues)).toEqual([2.5, "9", 10, "A", "b", "", undefined]);
});

test.each([
  ["42", 42],
  ["-0.5", -0.5],
  ["1e3", null],
  ["123456789012345678901", null],
  ["4 apples", null],
  [true, null],
])("the number in %o is %o", (value, number) => expect(numberIn(value)).toBe(number));
