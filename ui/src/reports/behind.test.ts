import { expect, test } from "vitest";
import { behind } from "./behind";

test.each([
  ["stage", "5001", undefined, { field: "stage", op: "in", value: ["5001"] }],
  ["assignee", "u", undefined, { field: "assignee", op: "any", value: ["u"] }],
  ["assignee", "", undefined, { field: "assignee", op: "isEmpty" }],
  ["creator", "u", undefined, { field: "creator", op: "eq", value: "u" }],
  ["1001", "9001", { type: "DROPDOWN" }, { field: "1001", op: "in", value: ["9001"] }],
  ["1001", "9001", { type: "TAG" }, { field: "1001", op: "any", value: ["9001"] }],
  ["1001", "", { type: "TAG" }, { field: "1001", op: "isEmpty" }],
  ["1001", "true", { type: "CHECKBOX" }, { field: "1001", op: "eq", value: true }],
  // The form that SQLite returns.
  ["1001", "1", { type: "CHECKBOX" }, { field: "1001", op: "eq", value: true }],
  ["1001", "", { type: "CHECKBOX" }, { field: "1001", op: "eq", value: false }],
  ["1001", "2.5", { type: "TEXT_INPUT" }, { field: "1001", op: "eq", value: 2.5 }],
  ["1001", "Web", { type: "FORMULA" }, { field: "1001", op: "eq", value: "Web" }],
  ["1001", "Web", undefined, null],
])("behind %o of %o", (by, key, field, found) => expect(behind(by, key, field)).toEqual(found));
