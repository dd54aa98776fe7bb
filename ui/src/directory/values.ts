/** Contacts store field values as text. This file converts them to and from the values that a field kind edits. */

const LISTS = ["TAG", "PERSON", "TEAM_CONTACT", "TEAM_ORGANIZATION"];

export function fromText(type: string, text: string | undefined): unknown {
  if (text === undefined || text === "") return null;
  if (LISTS.includes(type)) return text.split(",");
  if (type === "DATE") return Number(text);
  if (type === "CHECKBOX") return text === "true";
  return text;
}

export function toText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((each) => (typeof each === "string" ? each : each.email)).join(",");
  return String(value);
}
