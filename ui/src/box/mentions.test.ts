import { expect, test } from "vitest";
import { mentionAt, pieces, withMention } from "./mentions";

test("a name is looked for behind an @ that begins a word", () => {
  expect(mentionAt("hello @bo", 9)).toEqual({ at: 6, word: "bo" });
  expect(mentionAt("@", 1)).toEqual({ at: 0, word: "" });
  expect(mentionAt("@Bo Did", 7)).toEqual({ at: 0, word: "Bo Did" });
  expect(mentionAt("bo@example.com", 14)).toBeNull();
  expect(mentionAt("hello @bo", 4)).toBeNull();
});

test("a chosen name takes the place of what was begun", () => {
  expect(withMention("ask @bo about it", 7, "Bo Diddley")).toEqual({ text: "ask @Bo Diddley about it", caret: 16 });
});

test("who is named is marked, also behind letters that are two halves", () => {
  expect(pieces("🎉 @Bo D, look", [{ userKey: "u-bo", offset: 2, length: 5 }])).toEqual([
    { text: "🎉 " },
    { text: "@Bo D", userKey: "u-bo" },
    { text: ", look" },
  ]);
  expect(pieces("plain")).toEqual([{ text: "plain" }]);
  expect(pieces("short", [{ userKey: "u", offset: 3, length: 9 }])).toEqual([{ text: "short" }]);
});
