import { expect, test } from "vitest";
import { fromText, toText } from "./values";

test.each([
  ["TEXT_INPUT", "gold", "gold"],
  ["DATE", "1767225600000", 1767225600000],
  ["CHECKBOX", "false", false],
  ["TAG", "9001,9002", ["9001", "9002"]],
])("a %s is read from its text and written as the same text", (type, text, value) => {
  expect(fromText(type, text)).toEqual(value);
  expect(toText(value)).toBe(text);
});

test("an unset value is null and is cleared with an empty text", () => {
  expect(fromText("TAG", undefined)).toBeNull();
  expect(fromText("TEXT_INPUT", "")).toBeNull();
  expect(toText(null)).toBe("");
});
