import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { allColumns } from "./columns";
import { readLayout, validLayout, writeLayout } from "./state";

test("a layout survives being written to the address and read again", () => {
  const layout = [{ key: "name", width: 240, frozen: true }, { key: "1001", width: 90 }, { key: "timeInStage.5001" }];
  expect(writeLayout(layout)).toBe("name:240!,1001:90,timeInStage.5001");
  expect(readLayout(writeLayout(layout))).toEqual(layout);
});

test("unknown columns in the address are left out", () => {
  expect(readLayout("name,,:3,<b>,stage:abc")).toEqual([{ key: "name" }]);
});

test("frozen columns come first, the name is always present, and no column appears twice", () => {
  const pipeline = { fields: [], stageOrder: [], stages: {} } as unknown as PipelineOut;
  const keys = (text: string) => validLayout(readLayout(text), allColumns(pipeline)).map((each) => each.key);
  expect(keys("stage,notes!,stage,gone")).toEqual(["name", "notes", "stage"]);
  expect(keys("stage,name")).toEqual(["stage", "name"]);
});
