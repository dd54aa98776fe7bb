import { expect, test } from "vitest";
import { stored } from "./text";

test.each([
  ["12", 12],
  ["1,250", 1250],
  ["1,250,000.5", 1250000.5],
  ["007", "007"],
  ["+49 30 1234", "+49 30 1234"],
  ["  ", null],
  ["1,2", 1.2],
  ["1.234,5", 1234.5],
  ["170 123 456", "170 123 456"],
  ["$5", "$5"],
  ["9007199254740993", "9007199254740993"],
  ["Acme", "Acme"],
])("%o is stored as %o", (typed, value) => expect(stored(typed)).toBe(value));
