/** A filter test that finds the boxes counted by a number of a report. */
import type { FieldOut } from "../api/schema";
import { numberIn } from "../fields/compare";

/** The test for the group with this key, by stage, person or field. An empty key stands for boxes without a value. */
export function behind(by: string, key: string, field: Pick<FieldOut, "type"> | undefined): object | null {
  if (by === "stage") return { field: "stage", op: "in", value: [key] };
  if (by === "creator") return { field: "creator", op: "eq", value: key };
  if (by === "assignee") return key ? { field: "assignee", op: "any", value: [key] } : empty("assignee");
  if (!field) return null;
  if (field.type === "CHECKBOX") return { field: by, op: "eq", value: key === "true" || key === "1" };
  if (key === "") return empty(by);
  if (field.type === "DROPDOWN") return { field: by, op: "in", value: [key] };
  if (field.type === "TAG") return { field: by, op: "any", value: [key] };
  return { field: by, op: "eq", value: numberIn(key) ?? key };
}

function empty(by: string): object {
  return { field: by, op: "isEmpty" };
}
