import { expect, test } from "vitest";
import { planOf } from "./Plan";

test("without a column for the name, the first unmapped column becomes the name", () => {
  const columns = [
    { name: "Size", target: "1001" },
    { name: "Company", target: null },
    { name: "Remarks", target: null },
  ];
  expect(planOf({ columns }).mapping).toEqual({ Size: "1001", Company: "name", Remarks: null });
  const named = [{ name: "Name", target: "name" }, ...columns];
  expect(planOf({ columns: named }).mapping).toMatchObject({ Name: "name", Company: null });
});
