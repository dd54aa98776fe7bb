import { expect, test } from "vitest";
import { mappingOf } from "./Plan";

test("without a column for the name, the first unmapped column becomes the name", () => {
  const columns = [
    { name: "Size", target: "1001" },
    { name: "Company", target: null },
    { name: "Remarks", target: null },
  ];
  expect(mappingOf({ columns })).toEqual({ Size: "1001", Company: "name", Remarks: null });
  const named = [{ name: "Name", target: "name" }, ...columns];
  expect(mappingOf({ columns: named })).toMatchObject({ Name: "name", Company: null });
});
