import { expect, test } from "vitest";
import type { PipelineOut } from "../api/schema";
import { allColumns } from "./columns";
import { readLayout, sound, writeLayout } from "./state";

test("a layout is the same after a way through the address", () => {
  const layout = [{ key: "name", width: 240, frozen: true }, { key: "1001", width: 90 }, { key: "timeInStage.5001" }];
  expect(writeLayout(layout)).toBe("name:240!,1001:90,timeInStage.5001");
  expect(readLayout(writeLayout(layout))).toEqual(layout);
});

test("what is no column in an address is left out", () => {
  expect(readLayout("name,,:3,<b>,stage:abc")).toEqual([{ key: "name" }]);
});

test("frozen columns come first, the name is always there, and nothing is twice", () => {
  const pipeline = { fields: [], stageOrder: [], stages: {} } as unknown as PipelineOut;
  const keys = (text: string) => sound(readLayout(text), allColumns(pipeline)).map((each) => each.key);
  expect(keys("stage,notes!,stage,gone")).toEqual(["name", "notes", "stage"]);
  expect(keys("stage,name")).toEqual(["stage", "name"]);
});
