import { expect, test } from "vitest";
import cases from "../../../tests/lib/numbers.json";
import { amountIn } from "./amounts";

test.each(cases as [string, number | null][])("%j is read as %j, as the server reads it", (text, number) => {
  expect(amountIn(text)).toBe(number);
});
