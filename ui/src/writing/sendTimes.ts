/** Times at which a letter can be sent later, in the browser's time zone. */
import { here, isDay, readDate } from "../lib/dates";

const MORNING = 8;
const TIME = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

export type SendTime = { label: string; at: number };

/** This afternoon, if it is still morning; tomorrow morning; and Monday morning. */
export function sendTimes(now: number): SendTime[] {
  const at = (days: number, hour: number) => {
    const day = new Date(now);
    return new Date(day.getFullYear(), day.getMonth(), day.getDate() + days, hour).getTime();
  };
  const weekday = new Date(now).getDay();
  const untilMonday = (8 - weekday) % 7 || 7;
  return [
    ...(new Date(now).getHours() < 12 ? [{ label: "This afternoon, 14:00", at: at(0, 14) }] : []),
    { label: "Tomorrow, 8:00", at: at(1, MORNING) },
    ...(untilMonday > 1 ? [{ label: "Monday, 8:00", at: at(untilMonday, MORNING) }] : []),
  ];
}

/** Typed words as a time. A day without a time is 8:00 of that day. Null if it is no date, or is over. */
export async function readSendTime(words: string, now: number): Promise<number | null> {
  const found = await readDate(words, now);
  if (found === null) return null;
  const at = isDay(found) ? new Date(here(found)).setHours(MORNING) : found;
  return at > now ? at : null;
}

/** "Tue, 2 Dec, 08:00" */
export function timeInWords(at: number): string {
  return TIME.format(at);
}

export function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone.replace(/_/g, " ");
}
