/** What other users who see a box see of a conversation. Its owner always sees all of it. */
import type { ThreadOut } from "../api/schema";

export type Share = "full" | "subject" | "metadata" | "private";

export const SHARES: { value: Share; label: string; short: string }[] = [
  { value: "full", label: "Everything", short: "" },
  { value: "subject", label: "Subject and people, no text", short: "Without text" },
  { value: "metadata", label: "Only people and times", short: "People only" },
  { value: "private", label: "Nothing", short: "Private" },
];

/** The words beside a conversation that is not open to all. Empty if it is. */
export function shareInWords(thread: Pick<ThreadOut, "share">): string {
  return SHARES.find(({ value }) => value === thread.share)?.short ?? "";
}
