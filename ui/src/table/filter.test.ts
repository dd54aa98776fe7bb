import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { allColumns } from "./columns";
import { countTests, whole } from "./filter";

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

test("a column that is no more is left out", () =>
  expect(whole({ field: "1001", op: "eq", value: 1 }, COLUMNS)).toBeNull());
