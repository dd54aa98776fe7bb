import { expect, test } from "vitest";
import type { TimelineEntry } from "../api/schema";
import { conversations } from "./threads";

function commentEntry(key: string, parent?: string): TimelineEntry {
  return { key, type: "COMMENT", timestamp: 0, boxKey: "b", comment: { key, parent } } as unknown as TimelineEntry;
}

test("replies stand below their comment, oldest first, at the position of the newest reply", () => {
  const file = { key: "f", type: "FILE", timestamp: 0, boxKey: "b" } as unknown as TimelineEntry;
  const lines = conversations([commentEntry("3", "2"), file, commentEntry("2", "1"), commentEntry("1")]);
  expect(lines.map((each) => each.key)).toEqual(["1", "f"]);
  expect(lines[0]).toMatchObject({ kind: "comment", replies: [{ key: "2" }, { key: "3" }] });
});

test("a reply to a comment that is not loaded names the missing comment", () => {
  expect(conversations([commentEntry("9", "1")])).toMatchObject([{ key: "9", missing: "1", replies: [] }]);
});
