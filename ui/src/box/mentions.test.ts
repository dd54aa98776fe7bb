import { expect, test } from "vitest";
import { mentionAt, pieces, withMention } from "./mentions";

test("an @ at the beginning of a word starts a mention", () => {
  expect(mentionAt("hello @bo", 9)).toEqual({ at: 6, word: "bo" });
  expect(mentionAt("@", 1)).toEqual({ at: 0, word: "" });
  expect(mentionAt("@Bo Did", 7)).toEqual({ at: 0, word: "Bo Did" });
  expect(mentionAt("bo@example.com", 14)).toBeNull();
  expect(mentionAt("hello @bo", 4)).toBeNull();
});

test("the chosen name replaces the typed word", () => {
  expect(withMention("ask @bo about it", 7, "Bo Diddley")).toEqual({ text: "ask @Bo Diddley about it", caret: 16 });
});

test("mentions are marked, also after characters of two UTF-16 units", () => {
  expect(pieces("🎉 @Bo D, look", [{ userKey: "u-bo", offset: 2, length: 5 }])).toEqual([
    { text: "🎉 " },
    { text: "@Bo D", userKey: "u-bo" },
    { text: ", look" },
  ]);
  expect(pieces("plain")).toEqual([{ text: "plain" }]);
  expect(pieces("short", [{ userKey: "u", offset: 3, length: 9 }])).toEqual([{ text: "short" }]);
});
