/** Mailings and their recipients in words. */
import { queries } from "../api/queries";
import type { MailingOut, RecipientOut } from "../api/schema";

type State = { label: string; colour: "gray" | "blue" | "green" | "orange" | "red" };

const MAILINGS: Record<string, State> = {
  draft: { label: "Draft", colour: "gray" },
  scheduled: { label: "Scheduled", colour: "blue" },
  running: { label: "Being sent", colour: "blue" },
  paused: { label: "Paused", colour: "orange" },
  done: { label: "Done", colour: "green" },
  cancelled: { label: "Cancelled", colour: "gray" },
};

export const RECIPIENTS: Record<string, State> = {
  waiting: { label: "Waiting", colour: "gray" },
  scheduled: { label: "Waiting", colour: "gray" },
  handing: { label: "Being sent", colour: "blue" },
  sent: { label: "Sent", colour: "green" },
  refused: { label: "Not sent", colour: "red" },
  doubtful: { label: "Perhaps sent", colour: "orange" },
  cancelled: { label: "Cancelled", colour: "gray" },
  leftOut: { label: "Left out", colour: "gray" },
};

const REASONS: Record<string, string> = {
  noAddress: "no e-mail address",
  double: "the same address twice",
  suppressed: "no mail wanted, or it bounced",
  missing: "a merge field has no value",
  noAccess: "you may not change the box",
  chosen: "left out by you",
  refused: "the e-mail cannot be written",
};

export function mailingState(mailing: Pick<MailingOut, "state">): State {
  return MAILINGS[mailing.state] ?? { label: mailing.state, colour: "gray" };
}

export function recipientState({ state }: Pick<RecipientOut, "state">): State {
  return RECIPIENTS[state] ?? { label: state, colour: "gray" };
}

export function reasonInWords(reason: string): string {
  return REASONS[reason] ?? reason;
}

/** "3 left out: no e-mail address 2, the same address twice 1" */
export function leftOutInWords(leftOut: Record<string, number>): string {
  const counted = Object.entries(leftOut).filter(([, count]) => count > 0);
  const total = counted.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return "";
  return `${total} left out: ${counted.map(([reason, count]) => `${reasonInWords(reason)} ${count}`).join(", ")}`;
}

/** How many letters there will be. */
export function lettersOf({ counts }: Pick<MailingOut, "counts">): number {
  return counts.total - Object.values(counts.leftOut).reduce((sum, each) => sum + each, 0);
}

export function recipientsInWords(count: number): string {
  return count === 1 ? "1 recipient" : `${count.toLocaleString()} recipients`;
}

export const refreshMailings = () =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).startsWith("/v2/mailings") });
