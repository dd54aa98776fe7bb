import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { allColumns } from "../table/columns";
import { breakingFilter, changesByItself, draftOf } from "./rule";

const COLUMNS = allColumns({ fields: [], stageOrder: [], stages: {} } as unknown as PipelineOut);
const NAMED = { field: "name", op: "startsWith", value: "A" };
const NOTED = { field: "notes", op: "isNotEmpty" };
const draft = draftOf(undefined);

test("a box breaks a rule if the condition holds and the requirement does not", () => {
  expect(breakingFilter({ ...draft, assertion: NOTED }, COLUMNS)).toEqual({ not: NOTED });
  expect(breakingFilter({ ...draft, condition: NAMED, assertion: NOTED }, COLUMNS)).toEqual({
    and: [NAMED, { not: NOTED }],
  });
  expect(breakingFilter({ ...draft, condition: NAMED, demand: "deny" }, COLUMNS)).toEqual(NAMED);
});

test("unfinished rules and formulas have no filter", () => {
  expect(breakingFilter(draft, COLUMNS)).toBeNull();
  expect(breakingFilter({ ...draft, assertion: { field: "name", op: "eq" } }, COLUMNS)).toBeNull();
  expect(breakingFilter({ ...draft, demand: "formula", formula: "true" }, COLUMNS)).toBeNull();
});

test("rules cannot use values that change without an edit", () => {
  expect(["daysInStage", "freshness", "timeInStage.5001", "daysSinceLastEmail"].every(changesByItself)).toBe(true);
  expect(["taskTotal", "1001", "stage", "creationTimestamp"].some(changesByItself)).toBe(false);
});
