import { expect, test } from "vitest";
import { leftOutInWords, lettersOf, recipientsInWords } from "./states";

test("recipients are counted in words", () => {
  expect(leftOutInWords({ noAddress: 2, double: 1, missing: 0 })).toBe(
    "3 left out: no e-mail address 2, the same address twice 1",
  );
  expect(leftOutInWords({})).toBe("");
  expect(lettersOf({ counts: { total: 12, leftOut: { noAddress: 2 } } } as never)).toBe(10);
  expect([recipientsInWords(1), recipientsInWords(1200)]).toEqual(["1 recipient", "1,200 recipients"]);
});
