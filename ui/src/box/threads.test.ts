import { expect, test } from "vitest";
import type { TimelineEntry } from "../api/schema";
import { conversations } from "./threads";

function said(key: string, parent?: string): TimelineEntry {
  return { key, type: "COMMENT", timestamp: 0, boxKey: "b", comment: { key, parent } } as unknown as TimelineEntry;
}

test("replies stand beneath what they reply to, the oldest first, where the newest of them was", () => {
  const file = { key: "f", type: "FILE", timestamp: 0, boxKey: "b" } as unknown as TimelineEntry;
  const lines = conversations([said("3", "2"), file, said("2", "1"), said("1")]);
  expect(lines.map((each) => each.key)).toEqual(["1", "f"]);
  expect(lines[0]).toMatchObject({ kind: "comment", replies: [{ key: "2" }, { key: "3" }] });
});

test("a reply to something older than what is loaded says what it misses", () => {
  expect(conversations([said("9", "1")])).toMatchObject([{ key: "9", missing: "1", replies: [] }]);
});
