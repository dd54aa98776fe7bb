/** The members of a box that a change affected, with old and new values, and the edit that restores the old value. */
import type { Edit } from "../api/boxes";
import type { Change, PipelineOut } from "../api/schema";

export type Member = { name: string; field?: string; before: unknown; after: unknown; back: Edit };

type Known = { name: string; back: (before: unknown) => Edit };

const list = (before: unknown) => (Array.isArray(before) ? before : []);
const MEMBERS: Record<string, Known> = {
  name: { name: "Name", back: (before) => ({ name: String(before ?? "") }) },
  notes: { name: "Notes", back: (before) => ({ notes: before == null ? null : String(before) }) },
  stageKey: { name: "Stage", back: (before) => ({ stageKey: String(before) }) },
  assigneeKeys: {
    name: "Assigned to",
    back: (before) => ({ assignees: list(before).map((userKey) => ({ userKey: String(userKey) })) }),
  },
  followerKeys: { name: "Followers", back: (before) => ({ followerKeys: list(before).map(String) }) },
  linkedBoxKeys: { name: "Linked boxes", back: (before) => ({ linkedBoxKeys: list(before).map(String) }) },
  contacts: { name: "Contacts", back: (before) => ({ contacts: list(before) as NonNullable<Edit["contacts"]> }) },
  organizations: {
    name: "Organizations",
    back: (before) => ({ organizations: list(before) as NonNullable<Edit["organizations"]> }),
  },
};

/** Empty for changes of other nouns and for boxes that were created or deleted. */
export function membersOf(change: Pick<Change, "kind" | "before" | "after">, pipeline: PipelineOut): Member[] {
  if (!change.kind.startsWith("box.") || !change.before || !change.after) return [];
  const [before, after] = [change.before, change.after] as Record<string, unknown>[];
  const found: Member[] = [];
  for (const [member, value] of Object.entries(before ?? {})) {
    if (member === "fields") {
      const next = (after?.fields ?? {}) as Record<string, unknown>;
      for (const [key, was] of Object.entries((value ?? {}) as Record<string, unknown>)) {
        const field = pipeline.fields.find((each) => each.key === key);
        // Formulas are computed, and deleted fields take no values.
        if (!field || field.type === "FORMULA") continue;
        const back = { fields: { [key]: was ?? null } };
        found.push({ name: field.name, field: key, before: was ?? null, after: next[key] ?? null, back });
      }
    }
    const known = MEMBERS[member];
    if (known) found.push({ name: known.name, before: value, after: after?.[member], back: known.back(value) });
  }
  return found;
}
