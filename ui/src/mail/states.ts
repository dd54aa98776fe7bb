import type { MailboxOut } from "../api/schema";

type State = { label: string; colour: string; hint: string };

/** What each state of a mailbox means for its owner. */
const STATES: Record<string, State> = {
  waiting: { label: "Connecting", colour: "gray", hint: "It is read for the first time in a moment." },
  syncing: { label: "Reading older e-mail", colour: "blue", hint: "New e-mail is read at once." },
  ready: { label: "Up to date", colour: "green", hint: "New e-mail is read at once." },
  paused: { label: "Paused", colour: "gray", hint: "No e-mail is read until you resume it." },
  failing: { label: "Not reachable", colour: "orange", hint: "Boxwood tries again by itself." },
  refused: { label: "Password refused", colour: "red", hint: "Enter the password again." },
  unauthorized: { label: "Permission missing", colour: "red", hint: "Sign in at the provider." },
  delivered: { label: "Delivered to Boxwood", colour: "green", hint: "Your mail server delivers its e-mail." },
};

export function stateOf({ state }: Pick<MailboxOut, "state">): State {
  return STATES[state] ?? { label: state, colour: "gray", hint: "" };
}

/** Whether the numbers of the mailbox change by themselves. */
export function isMoving({ state }: Pick<MailboxOut, "state">): boolean {
  return state === "waiting" || state === "syncing" || state === "failing";
}

const KINDS: Record<string, string> = { personal: "Yours", shared: "Of the team", dropbox: "Dropbox of the team" };

export function kindInWords({ kind }: Pick<MailboxOut, "kind">): string {
  return KINDS[kind] ?? kind;
}
