import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { allColumns } from "../table/columns";
import { breaking, changesByItself, draftOf } from "./rule";

const COLUMNS = allColumns({ fields: [], stageOrder: [], stages: {} } as unknown as PipelineOut);
const NAMED = { field: "name", op: "startsWith", value: "A" };
const NOTED = { field: "notes", op: "isNotEmpty" };
const draft = draftOf(undefined);

test("what breaks a rule is as its condition says, and not as it must be", () => {
  expect(breaking({ ...draft, assertion: NOTED }, COLUMNS)).toEqual({ not: NOTED });
  expect(breaking({ ...draft, condition: NAMED, assertion: NOTED }, COLUMNS)).toEqual({ and: [NAMED, { not: NOTED }] });
  expect(breaking({ ...draft, condition: NAMED, demand: "deny" }, COLUMNS)).toEqual(NAMED);
});

test("what is not finished, and formulas, find nothing", () => {
  expect(breaking(draft, COLUMNS)).toBeNull();
  expect(breaking({ ...draft, assertion: { field: "name", op: "eq" } }, COLUMNS)).toBeNull();
  expect(breaking({ ...draft, demand: "formula", formula: "true" }, COLUMNS)).toBeNull();
});

test("no rule keeps boxes to what grows older by itself", () => {
  expect(["daysInStage", "freshness", "timeInStage.5001", "daysSinceLastEmail"].every(changesByItself)).toBe(true);
  expect(["taskTotal", "1001", "stage", "creationTimestamp"].some(changesByItself)).toBe(false);
});
