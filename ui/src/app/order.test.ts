import { expect, test } from "vitest";
import { inOrder, moved } from "./order";

const ALL = ["a", "b", "c", "d"].map((key) => ({ key }));
const keys = (order: string[], starred: string[]) =>
  inOrder(ALL, order, starred)
    .map((each) => each.key)
    .join("");

test("starred items come first, each group in the user's order, new items last", () => {
  expect(keys([], [])).toBe("abcd");
  expect(keys(["c", "a"], [])).toBe("cabd");
  expect(keys(["c", "a"], ["b"])).toBe("bcad");
});

test.each([
  ["a", 2, "bacd"],
  ["d", 0, "dabc"],
  ["b", 4, "acdb"],
  ["b", 1, "abcd"],
])("%s before place %d", (key, to, result) => expect(moved(["a", "b", "c", "d"], key, to).join("")).toBe(result));
