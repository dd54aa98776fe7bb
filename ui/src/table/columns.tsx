/** Columns of a table of boxes: the pipeline's fields, and the members that every box has. */
import {
  IconAddressBook,
  IconAlertTriangle,
  IconArrowsRight,
  IconBuilding,
  IconCalendar,
  IconClock,
  IconHash,
  IconNotes,
  IconTextSize,
  IconUser,
  IconUsers,
  type TablerIcon,
} from "@tabler/icons-react";
import type { Box } from "../api/boxes";
import type { PipelineOut } from "../api/schema";
import type { Field } from "../fields/kind";
import { kindOf } from "../fields/kinds";
import { namesIn } from "../fields/links";
import { lengthInWords } from "../lib/dates";

/** The kind of a column's values, which decides how they are drawn and which tests a filter offers. */
export type Kind =
  | "words"
  | "text"
  | "number"
  | "moment"
  | "length"
  | "flag"
  | "option"
  | "stage"
  | "user"
  | "users"
  | "people"
  | "tags"
  | "contacts"
  | "organizations"
  | "rules";

export type Column = {
  key: string;
  name: string;
  icon: TablerIcon;
  kind: Kind;
  width: number;
  field?: Field;
  /** Whether users who may edit the box may edit this value. */
  editable: boolean;
  sortable: boolean;
  groups: boolean;
  /** Whether the values may be numbers, so that a group shows their sum. */
  sums: boolean;
  /** Requested by name in `fields`, because it is not a member of the box. */
  requested: boolean;
  /** The value of this column in a box, as the API returns it. */
  read: (box: Box) => unknown;
};

const member = (name: keyof Box) => (box: Box) => box[name];
const column = (name: string) => (box: Box) => box.columns?.[name];
const plain = { editable: false, sortable: true, groups: true, sums: false, requested: false };

const OWN: Column[] = [
  {
    ...plain,
    key: "name",
    name: "Name",
    icon: IconTextSize,
    kind: "words",
    width: 240,
    editable: true,
    groups: false,
    read: member("name"),
  },
  {
    ...plain,
    key: "stage",
    name: "Stage",
    icon: IconArrowsRight,
    kind: "stage",
    width: 140,
    editable: true,
    read: member("stageKey"),
  },
  {
    ...plain,
    key: "assignee",
    name: "Assigned to",
    icon: IconUser,
    kind: "users",
    width: 150,
    editable: true,
    sortable: false,
    read: (box) => box.assignedToSharingEntries,
  },
  {
    ...plain,
    key: "notes",
    name: "Notes",
    icon: IconNotes,
    kind: "words",
    width: 220,
    editable: true,
    groups: false,
    read: member("notes"),
  },
  {
    ...plain,
    key: "contacts",
    name: "Contacts",
    icon: IconAddressBook,
    kind: "contacts",
    width: 160,
    editable: true,
    sortable: false,
    read: (box) => (box.contacts ?? []).map((each) => each.key),
  },
  {
    ...plain,
    key: "organizations",
    name: "Organizations",
    icon: IconBuilding,
    kind: "organizations",
    width: 160,
    editable: true,
    sortable: false,
    read: (box) => (box.organizations ?? []).map((each) => each.key),
  },
  {
    ...plain,
    key: "violations",
    name: "Broken rules",
    icon: IconAlertTriangle,
    kind: "rules",
    width: 180,
    sortable: false,
    groups: false,
    read: member("violations"),
  },
  {
    ...plain,
    key: "follower",
    name: "Followers",
    icon: IconUsers,
    kind: "users",
    width: 130,
    sortable: false,
    read: (box) => box.followerSharingEntries,
  },
  {
    ...plain,
    key: "creator",
    name: "Created by",
    icon: IconUser,
    kind: "user",
    width: 150,
    read: (box) => (box.creatorSharingEntry ? [box.creatorSharingEntry] : []),
  },
];

const NUMBERS: [string, string][] = [
  ["daysInStage", "Days in stage"],
  ["daysSinceCreation", "Age in days"],
  ["daysSinceUpdate", "Days since change"],
  ["daysSinceLastTouchpoint", "Days since last touch"],
  ["daysSinceLastEmail", "Days since e-mail"],
  ["daysSinceLastComment", "Days since comment"],
  ["freshness", "Freshness"],
  ["taskTotal", "Tasks"],
  ["taskIncompleteCount", "Open tasks"],
  ["taskOverdueCount", "Overdue tasks"],
  ["taskPercentageComplete", "Tasks done, %"],
  ["commentCount", "Comments"],
  ["fileCount", "Files"],
  ["callLogCount", "Calls"],
  ["meetingNotesCount", "Meetings"],
  ["totalNumberOfEmails", "E-mails"],
  ["assigneeCount", "Assignees"],
  ["contactCount", "Contacts, number"],
  ["organizationCount", "Organizations, number"],
  ["linkedBoxCount", "Linked boxes"],
];
const SUMMED = new Set([
  "taskTotal",
  "taskIncompleteCount",
  "taskOverdueCount",
  "commentCount",
  "fileCount",
  "callLogCount",
  "meetingNotesCount",
  "totalNumberOfEmails",
]);
const MOMENTS: [string, string][] = [
  ["creationTimestamp", "Created"],
  ["lastUpdatedTimestamp", "Last changed"],
  ["lastStageChangeTimestamp", "Stage changed"],
  ["lastTouchpointTimestamp", "Last touch"],
  ["lastCommentTimestamp", "Last comment"],
  ["lastEmailReceivedTimestamp", "Last e-mail received"],
  ["lastEmailSentTimestamp", "Last e-mail sent"],
  ["soonestTaskDueDate", "Next task due"],
];

const KINDS: Record<string, Kind> = {
  TEXT_INPUT: "text",
  FORMULA: "text",
  DATE: "moment",
  CHECKBOX: "flag",
  DROPDOWN: "option",
  TAG: "tags",
  PERSON: "people",
  TEAM_CONTACT: "contacts",
  TEAM_ORGANIZATION: "organizations",
};
const WIDTHS: Partial<Record<Kind, number>> = {
  flag: 90,
  moment: 120,
  option: 140,
  tags: 170,
  people: 150,
  contacts: 160,
  organizations: 160,
};

/** All columns, in the order in which they are offered. */
export function allColumns(pipeline: PipelineOut): Map<string, Column> {
  const fields = pipeline.fields.map((field): Column => {
    const kind = KINDS[field.type] ?? "text";
    return {
      key: field.key,
      name: field.name,
      icon: kindOf(field).icon,
      kind,
      width: WIDTHS[kind] ?? 140,
      field,
      editable: kindOf(field).Edit !== null,
      sortable: ["text", "moment", "flag", "option"].includes(kind),
      groups: true,
      sums: kind === "text",
      requested: false,
      read: (box) => box.fields[field.key],
    };
  });
  const numbers = NUMBERS.map(
    ([key, name]): Column => ({
      ...plain,
      key,
      name,
      icon: IconHash,
      kind: "number",
      width: 110,
      sums: SUMMED.has(key),
      requested: true,
      read: column(key),
    }),
  );
  const moments = MOMENTS.map(
    ([key, name]): Column => ({
      ...plain,
      key,
      name,
      icon: IconCalendar,
      kind: "moment",
      width: 130,
      requested: true,
      read: column(key),
    }),
  );
  const stays = pipeline.stageOrder.map((key): Column => {
    const name = `timeInStage.${key}`;
    return {
      ...plain,
      key: name,
      name: `Time in ${pipeline.stages[key]?.name ?? key}`,
      icon: IconClock,
      kind: "length",
      width: 120,
      groups: false,
      requested: true,
      read: column(name),
    };
  });
  const [first, ...others] = OWN;
  return new Map(
    [
      ...(first ? [first] : []),
      ...others.slice(0, 3),
      ...fields,
      ...others.slice(3),
      ...numbers,
      ...moments,
      ...stays,
    ].map((each) => [each.key, each]),
  );
}

/** The columns of a table until the user chooses others. */
export function usualColumns(pipeline: PipelineOut): string[] {
  return [
    "name",
    "stage",
    "assignee",
    ...pipeline.fields.map((each) => each.key),
    "taskIncompleteCount",
    "daysInStage",
    "lastUpdatedTimestamp",
  ];
}

/** Numbers are aligned right. */
export function isRight(each: Column, value: unknown): boolean {
  if (each.kind === "number" || each.kind === "length") return true;
  return each.field !== undefined && (kindOf(each.field).right?.(value, each.field) ?? false);
}

/** The value as text for the clipboard. */
export function asText(each: Column, value: unknown, pipeline: PipelineOut): string {
  if (value === undefined || value === null) return "";
  if (each.field) return kindOf(each.field).asText(value, each.field);
  if (each.kind === "stage") return pipeline.stages[String(value)]?.name ?? String(value);
  if (each.kind === "contacts" || each.kind === "organizations") return namesIn(each.kind, value);
  if (each.kind === "rules") return messagesOf(value);
  if (each.kind === "moment") return new Date(Number(value)).toISOString().slice(0, 16).replace("T", " ");
  if (each.kind === "length") return lengthInWords(Number(value));
  if (Array.isArray(value))
    return value.map((person) => (typeof person === "object" ? person.email : person)).join(", ");
  return String(value);
}

/** The messages of the validation rules that a box breaks. */
export function messagesOf(value: unknown): string {
  return (value as Box["violations"]).map((each) => each.message).join(", ");
}
