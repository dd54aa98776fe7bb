/** The nine field kinds: how each is drawn, edited, compared and written as text. */
import { checkbox } from "./checkbox";
import { date } from "./date";
import type { Field, FieldKind } from "./kind";
import { contacts, organizations } from "./links";
import { dropdown, tag } from "./options";
import { person } from "./person";
import { formula, text } from "./text";

export const KINDS: Record<string, FieldKind> = {
  TEXT_INPUT: text,
  DATE: date,
  CHECKBOX: checkbox,
  DROPDOWN: dropdown,
  TAG: tag,
  PERSON: person,
  TEAM_CONTACT: contacts,
  TEAM_ORGANIZATION: organizations,
  FORMULA: formula,
};

/** The kind of a field. An unknown kind, newer than this page, is shown as plain text. */
export function kindOf(field: Pick<Field, "type">): FieldKind {
  return KINDS[field.type] ?? formula;
}
