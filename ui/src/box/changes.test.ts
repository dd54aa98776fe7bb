import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { membersOf } from "./changes";

const pipeline = {
  fields: [
    { key: "1001", name: "Value", type: "TEXT_INPUT" },
    { key: "1002", name: "Twice", type: "FORMULA" },
  ],
} as unknown as PipelineOut;

test("each changed field can be restored, except formulas and deleted fields", () => {
  const change = {
    kind: "box.fields_edited",
    before: { fields: { "1001": 5, "1002": 10, "1099": "x" }, updatedAt: 1 },
    after: { fields: { "1001": 7, "1002": 14, "1099": "y" }, updatedAt: 2 },
  };
  expect(membersOf(change, pipeline)).toEqual([
    { name: "Value", field: "1001", before: 5, after: 7, back: { fields: { "1001": 5 } } },
  ]);
});

test("a value that was unset becomes unset again", () => {
  const change = { kind: "box.fields_edited", before: { fields: { "1001": null } }, after: { fields: { "1001": 7 } } };
  expect(membersOf(change, pipeline)[0]?.back).toEqual({ fields: { "1001": null } });
});

test("people are restored by their keys", () => {
  const change = { kind: "box.assigned", before: { assigneeKeys: ["u-1"] }, after: { assigneeKeys: [] } };
  expect(membersOf(change, pipeline)[0]?.back).toEqual({ assignees: [{ userKey: "u-1" }] });
});

test("tasks and created boxes have nothing to restore", () => {
  expect(membersOf({ kind: "task.edited", before: { name: "a" }, after: { name: "b" } }, pipeline)).toEqual([]);
  expect(membersOf({ kind: "box.created", before: null, after: null }, pipeline)).toEqual([]);
});
