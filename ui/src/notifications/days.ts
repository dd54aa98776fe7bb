/** Notifications by day. Tasks that fall due one after another on a day are one entry. */
import type { NotificationOut } from "../api/schema";
import { daysBetween } from "../lib/dates";

/** One line of the list: a notification, or several due tasks. It is read when all of them are. */
export type Entry = { first: NotificationOut; keys: string[]; read: boolean };
export type Day = { title: string; entries: Entry[] };

const TITLES = ["Today", "Yesterday", "Last 7 days", "Earlier"] as const;

export function inDays(notices: readonly NotificationOut[], now: number): Day[] {
  const days: Day[] = TITLES.map((title) => ({ title, entries: [] }));
  for (const notice of notices) {
    const ago = daysBetween(notice.timestamp, now);
    const entries = days[ago <= 0 ? 0 : ago === 1 ? 1 : ago < 7 ? 2 : 3]?.entries ?? [];
    const last = entries.at(-1);
    if (last && last.first.kind === "task.due" && notice.kind === "task.due") {
      last.keys.push(notice.key);
      last.read &&= notice.read;
    } else entries.push({ first: notice, keys: [notice.key], read: notice.read });
  }
  return days.filter((each) => each.entries.length > 0);
}
