import { expect, test } from "vitest";
import { readableOn } from "./colours";

test("dark is read on light colours, light on dark ones", () => {
  expect(readableOn("#feefc3")).toBe("#1f2327");
  expect(readableOn("#1a73e8")).toBe("#ffffff");
});
