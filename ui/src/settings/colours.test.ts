import { expect, test } from "vitest";
import { readableOn } from "./colours";

test("text is dark on light colours and light on dark colours", () => {
  expect(readableOn("#feefc3")).toBe("#1f2327");
  expect(readableOn("#1a73e8")).toBe("#ffffff");
});
