import type { TeamOut } from "../api/schema";

type Role = { value: "Member" | "Owner" | "PayerOnly" | "ArchiveOnly"; label: string; means: string };

/** The roles of a member in words. */
export const ROLES: Role[] = [
  { value: "Member", label: "Member", means: "works in the team's pipelines" },
  { value: "Owner", label: "Owner", means: "changes the team and its people too" },
  { value: "PayerOnly", label: "Payer", means: "sees the team, reaches nothing in it" },
  { value: "ArchiveOnly", label: "Archived", means: "stays in the list, reaches nothing any more" },
];

export function roleInWords(role: string | undefined): string {
  return ROLES.find((each) => each.value === role)?.label ?? role ?? "";
}

export function isOwner(team: TeamOut, user: string): boolean {
  return team.members.some((each) => each.userKey === user && each.role === "Owner");
}

type Handover = Record<"boxes" | "tasks" | "pipelines" | "webhooks" | "automations", number>;

const NOUNS: [keyof Handover, string, string][] = [
  ["boxes", "box", "boxes"],
  ["tasks", "task", "tasks"],
  ["pipelines", "pipeline", "pipelines"],
  ["webhooks", "webhook", "webhooks"],
  ["automations", "automation", "automations"],
];

/** What was handed over, such as `2 boxes and 1 task`; empty if there was nothing. */
export function handoverInWords(done: Handover): string {
  const parts = NOUNS.filter(([name]) => done[name] > 0).map(
    ([name, singular, plural]) => `${done[name]} ${done[name] === 1 ? singular : plural}`,
  );
  const last = parts.pop();
  return parts.length > 0 ? `${parts.join(", ")} and ${last}` : (last ?? "");
}
