/** The events that users can subscribe to, in words and in a fixed order. */
import type { WebhookCreate } from "../api/schema";

export type EventName = NonNullable<WebhookCreate["event"]>;

type Words = { label: string; group: "Boxes" | "What hangs on boxes" | "Tasks" | "Directory" };

const WORDS: Record<EventName, Words> = {
  BOX_CREATE: { label: "A box is created", group: "Boxes" },
  BOX_EDIT: { label: "A box is edited", group: "Boxes" },
  BOX_CHANGE_STAGE: { label: "A box changes stage", group: "Boxes" },
  BOX_CHANGE_PIPELINE: { label: "A box changes pipeline", group: "Boxes" },
  BOX_DELETE: { label: "A box is deleted", group: "Boxes" },
  BOX_NEW_EMAIL_ADDRESS: { label: "A new e-mail address appears on a box", group: "Boxes" },
  BOX_NEW_EMAIL_RECEIVED: { label: "A box gets mail", group: "Boxes" },
  BOX_EMAIL_SENT: { label: "A letter is sent from a box", group: "Boxes" },
  BOX_EMAIL_OPENED: { label: "A sent e-mail is opened", group: "Boxes" },
  BOX_EMAIL_CLICKED: { label: "A link in a sent e-mail is clicked", group: "Boxes" },
  BOX_EMAIL_BOUNCED: { label: "A sent e-mail does not arrive", group: "Boxes" },
  STAGE_CREATE: { label: "A stage is added", group: "Boxes" },
  COMMENT_CREATE: { label: "Someone comments", group: "What hangs on boxes" },
  MEETING_CREATE: { label: "A meeting or call is logged", group: "What hangs on boxes" },
  MEETING_UPDATE: { label: "A meeting or call changes", group: "What hangs on boxes" },
  THREAD_ADDED_TO_BOX: { label: "A thread is added to a box", group: "What hangs on boxes" },
  PROPOSAL_CREATE: { label: "An API key proposes a change", group: "What hangs on boxes" },
  PROPOSAL_APPROVE: { label: "A proposal is approved", group: "What hangs on boxes" },
  THREAD_REMOVED_FROM_BOX: { label: "A thread is removed from a box", group: "What hangs on boxes" },
  TASK_CREATE: { label: "A task is created", group: "Tasks" },
  TASK_UPDATED: { label: "A task changes", group: "Tasks" },
  TASK_DUE: { label: "A task falls due", group: "Tasks" },
  TASK_COMPLETE: { label: "A task is completed", group: "Tasks" },
  CONTACT_CREATE: { label: "A contact is created", group: "Directory" },
  CONTACT_UPDATE: { label: "A contact changes", group: "Directory" },
  CONTACT_DELETE: { label: "A contact is deleted", group: "Directory" },
  ORG_CREATE: { label: "An organization is created", group: "Directory" },
  ORG_UPDATE: { label: "An organization changes", group: "Directory" },
  ORG_DELETE: { label: "An organization is deleted", group: "Directory" },
};

export function inWords(event: string): string {
  return WORDS[event as EventName]?.label ?? event;
}

/** What a subscription is called in lists: its name, or else its events. */
export function titleOf(hook: { name?: string; events: string[] }): string {
  return hook.name || hook.events.map(inWords).join(", ");
}

/** Options of a select: events of a pipeline, or of a whole team (which adds contacts and organizations). */
export function choices(scope: "pipeline" | "team"): { group: string; items: { value: EventName; label: string }[] }[] {
  const groups = new Map<string, { value: EventName; label: string }[]>();
  for (const [value, { label, group }] of Object.entries(WORDS) as [EventName, Words][]) {
    if (group === "Directory" && scope === "pipeline") continue;
    groups.set(group, [...(groups.get(group) ?? []), { value, label }]);
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}
