import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { allColumns } from "./columns";
import { branch, countTests, membersOf, placeOf, whole } from "./filter";

const COLUMNS = allColumns({ fields: [], stageOrder: [], stages: {} } as unknown as PipelineOut);
const NAMED = { field: "name", op: "contains", value: "a" };

test("tests that have no value yet are not asked for", () => {
  expect(whole({ and: [NAMED, { field: "name", op: "eq" }] }, COLUMNS)).toEqual({ and: [NAMED] });
  expect(whole({ and: [{ or: [{ field: "stage", op: "in", value: [] }] }] }, COLUMNS)).toBeNull();
  expect(whole({ and: [{ field: "taskTotal", op: "between", value: [1, ""] }] }, COLUMNS)).toBeNull();
});

test("a test without a value can be whole", () => {
  expect(whole({ field: "notes", op: "isEmpty" }, COLUMNS)).toEqual({ field: "notes", op: "isEmpty" });
});

test("what was written elsewhere is left as it is", () => {
  const tree = { not: { or: [NAMED, { field: "name", op: "gt", value: "b" }] } };
  expect(whole(tree, COLUMNS)).toEqual(tree);
  expect(countTests(tree)).toBe(2);
});

test("a deleted column is left out", () => expect(whole({ field: "1001", op: "eq", value: 1 }, COLUMNS)).toBeNull());

test("none of these is the contrary of any of these", () => {
  const none = branch("not", [NAMED]);
  expect(none).toEqual({ not: { or: [NAMED] } });
  expect(membersOf(none)).toEqual({ word: "not", members: [NAMED] });
  expect(membersOf({ not: NAMED })).toEqual({ word: "not", members: [NAMED] });
  expect(membersOf({ not: { and: [NAMED] } })).toEqual({ word: "not", members: [{ and: [NAMED] }] });
});

test("a member stands where the server says that it does", () => {
  expect(placeOf({ and: [NAMED, NAMED] }, "filter", 1)).toBe("filter.and[1]");
  expect(placeOf({ not: { or: [NAMED] } }, "condition.and[0]", 0)).toBe("condition.and[0].not.or[0]");
  expect(placeOf({ not: NAMED }, "filter", 0)).toBe("filter.not");
  expect(placeOf(NAMED, "filter", 0)).toBe("filter");
});
