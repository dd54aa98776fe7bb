import { expect, test } from "vitest";
import { asCsv } from "./save";

test("rows become CSV that a spreadsheet reads and does not compute", () => {
  const rows = [
    { stage: 'Won, "really"', boxes: 3, share: 0.5 },
    { stage: "=1+1", boxes: 0, share: null },
  ];
  expect(asCsv(rows)).toBe('stage,boxes,share\r\n"Won, ""really""",3,0.5\r\n\'=1+1,0,');
});
