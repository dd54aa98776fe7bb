import { expect, test } from "vitest";
import type { TaskOut } from "../api/schema";
import { DAY } from "../lib/dates";
import { inGroups } from "./groups";

const NOW = new Date(2026, 10, 25, 15).getTime();

function task(text: string, dueDate?: number, status = "NOT_DONE"): TaskOut {
  const sortOrder = String(dueDate ?? 10 ** 15).padStart(15, "0");
  return { text, sortOrder, status, ...(dueDate ? { dueDate } : {}) } as TaskOut;
}

test("tasks are grouped by due date, completed tasks last", () => {
  const tasks = [
    task("some day"),
    task("next month", NOW + 30 * DAY),
    task("this evening", NOW + 3_600_000),
    task("this morning", NOW - 6 * 3_600_000),
    task("yesterday", NOW - DAY),
    task("done", NOW - DAY, "DONE"),
    task("tomorrow", NOW + DAY),
    task("in a week", NOW + 7 * DAY),
  ];
  const found = inGroups(tasks, NOW).map(({ title, tasks: held }) => [title, ...held.map((each) => each.text)]);
  expect(found).toEqual([
    ["Overdue", "yesterday"],
    ["Today", "this morning", "this evening"],
    ["Tomorrow", "tomorrow"],
    ["Next 7 days", "in a week"],
    ["Later", "next month"],
    ["No date", "some day"],
    ["Done", "done"],
  ]);
});
