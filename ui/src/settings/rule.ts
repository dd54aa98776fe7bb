/** A validation rule as the form edits it, and which boxes break it. */
import type { ValidatorOut } from "../api/schema";
import type { Column } from "../table/columns";
import { sendable, type Tree } from "../table/filter";

export type Demand = "assertion" | "formula" | "deny";
export type Draft = {
  name: string;
  message: string;
  mode: "REJECT" | "WARN";
  condition: Tree | null;
  demand: Demand;
  assertion: Tree | null;
  formula: string;
};

export function draftOf(rule: ValidatorOut | undefined): Draft {
  return {
    name: rule?.name ?? "",
    message: rule?.message ?? "",
    mode: rule?.mode === "WARN" ? "WARN" : "REJECT",
    condition: (rule?.condition as Tree | undefined) ?? null,
    demand: rule?.deny ? "deny" : rule?.formula ? "formula" : "assertion",
    assertion: (rule?.assertion as Tree | undefined) ?? null,
    formula: rule?.formula ?? "",
  };
}

/** The filter that finds the boxes that break the rule; null for formulas and unfinished rules. */
export function breakingFilter(draft: Draft, columns: ReadonlyMap<string, Column>): Tree | null {
  const condition = sendable(draft.condition, columns);
  if (draft.demand === "deny") return condition;
  if (draft.demand === "formula") return null;
  const assertion = sendable(draft.assertion, columns);
  if (assertion === null) return null;
  return condition === null ? { not: assertion } : { and: [condition, { not: assertion }] };
}

const CHANGING_COLUMNS = /^(daysIn|daysSince|freshness$|timeInStage\.|violations$)/;

/** Whether the value changes without an edit, or follows from rules. Validation rules cannot use such columns. */
export function changesByItself(column: string): boolean {
  return CHANGING_COLUMNS.test(column);
}
