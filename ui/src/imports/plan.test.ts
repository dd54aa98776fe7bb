import { expect, test } from "vitest";
import { planOf } from "./Plan";

test("a table without a column for the name gets the first that goes nowhere", () => {
  const columns = [
    { name: "Size", target: "1001" },
    { name: "Company", target: null },
    { name: "Remarks", target: null },
  ];
  expect(planOf({ columns }).mapping).toEqual({ Size: "1001", Company: "name", Remarks: null });
  const named = [{ name: "Name", target: "name" }, ...columns];
  expect(planOf({ columns: named }).mapping).toMatchObject({ Name: "name", Company: null });
});
