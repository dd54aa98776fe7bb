import { expect, test } from "vitest";
import type { NotificationOut } from "../api/schema";
import { DAY } from "../lib/dates";
import { inDays } from "./days";

const NOW = new Date(2026, 10, 25, 15).getTime();

test("notifications are listed by day, and due tasks that follow each other are one entry", () => {
  const notice = (key: string, kind: string, ago: number, read = true) =>
    ({ key, kind, timestamp: NOW - ago, read }) as NotificationOut;
  const found = inDays(
    [
      notice("a", "comment.created", 0),
      notice("b", "task.due", 1),
      notice("c", "task.due", 2, false),
      notice("d", "box.moved", 3),
      notice("e", "task.due", DAY),
      notice("f", "task.due", 5 * DAY),
      notice("g", "task.due", 30 * DAY),
    ],
    NOW,
  );
  expect(found.map(({ title, entries }) => [title, ...entries.map((each) => [each.keys.join(""), each.read])])).toEqual(
    [
      ["Today", ["a", true], ["bc", false], ["d", true]],
      ["Yesterday", ["e", true]],
      ["Last 7 days", ["f", true]],
      ["Earlier", ["g", true]],
    ],
  );
});
