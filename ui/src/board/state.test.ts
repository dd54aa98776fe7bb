import { expect, test } from "vitest";
import type { PipelineOut, ViewOut } from "../api/schema";
import { boardState } from "./state";

const BIG = { field: "1001", op: "gt", value: 1000 };
const PIPELINE = { fields: [{ key: "1002", type: "DROPDOWN" }] } as unknown as PipelineOut;
const VIEW = { key: "v", filter: BIG, sort: ["-1001"], group: "1002" } as unknown as ViewOut;
const of = (query: string, view?: ViewOut) => boardState(new URLSearchParams(query), view, PIPELINE);

test("the saved view gives filter, order and lanes; the address overrides them", () => {
  expect(of("view=v", VIEW)).toMatchObject({ filter: BIG, sort: ["-1001"], by: "1002", differs: false });
  expect(of("view=v&sort=&by=stage", VIEW)).toMatchObject({ filter: BIG, sort: [], by: "stage", differs: true });
  expect(of("view=v&filter=", VIEW)).toMatchObject({ filter: null, differs: true });
});

test("a group that cannot make lanes is ignored by the board", () => {
  expect(of("view=v", { ...VIEW, group: "assignee" })).toMatchObject({ by: "stage" });
  expect(of("")).toMatchObject({ filter: null, sort: [], by: "stage", differs: false });
});
