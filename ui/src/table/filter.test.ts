import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { allColumns } from "./columns";
import { branch, countTests, membersOf, placeOf, sendable } from "./filter";

const COLUMNS = allColumns({ fields: [], stageOrder: [], stages: {} } as unknown as PipelineOut);
const NAME_TEST = { field: "name", op: "contains", value: "a" };

test("tests without a value are not sent", () => {
  expect(sendable({ and: [NAME_TEST, { field: "name", op: "eq" }] }, COLUMNS)).toEqual({ and: [NAME_TEST] });
  expect(sendable({ and: [{ or: [{ field: "stage", op: "in", value: [] }] }] }, COLUMNS)).toBeNull();
  expect(sendable({ and: [{ field: "taskTotal", op: "between", value: [1, ""] }] }, COLUMNS)).toBeNull();
});

test("a test that takes no value is complete", () => {
  expect(sendable({ field: "notes", op: "isEmpty" }, COLUMNS)).toEqual({ field: "notes", op: "isEmpty" });
});

test("an unknown operator is kept", () => {
  const tree = { not: { or: [NAME_TEST, { field: "name", op: "gt", value: "b" }] } };
  expect(sendable(tree, COLUMNS)).toEqual(tree);
  expect(countTests(tree)).toBe(2);
});

test("a deleted column is left out", () => expect(sendable({ field: "1001", op: "eq", value: 1 }, COLUMNS)).toBeNull());

test("none of these is the opposite of any of these", () => {
  const none = branch("not", [NAME_TEST]);
  expect(none).toEqual({ not: { or: [NAME_TEST] } });
  expect(membersOf(none)).toEqual({ word: "not", members: [NAME_TEST] });
  expect(membersOf({ not: NAME_TEST })).toEqual({ word: "not", members: [NAME_TEST] });
  expect(membersOf({ not: { and: [NAME_TEST] } })).toEqual({ word: "not", members: [{ and: [NAME_TEST] }] });
});

test("a member's position is written as the server writes it", () => {
  expect(placeOf({ and: [NAME_TEST, NAME_TEST] }, "filter", 1)).toBe("filter.and[1]");
  expect(placeOf({ not: { or: [NAME_TEST] } }, "condition.and[0]", 0)).toBe("condition.and[0].not.or[0]");
  expect(placeOf({ not: NAME_TEST }, "filter", 0)).toBe("filter.not");
  expect(placeOf(NAME_TEST, "filter", 0)).toBe("filter");
});
