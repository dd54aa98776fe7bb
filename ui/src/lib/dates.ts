/** Dates in words. Points in time are milliseconds since 1970. Words use the browser's time zone. */
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

// Created once, because creating a formatter takes longer than formatting a whole table.
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, { weekday: "long" });
const DAY_MONTH = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const DAY_MONTH_YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

const EXACT_DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

/** Whether a date is a day: exactly midnight UTC. It is that day in every time zone. */
export function isDay(at: number): boolean {
  return at % DAY === 0;
}

/** A date in the browser's time zone: a day as the midnight that begins it here, a moment as it is. */
export function here(at: number): number {
  if (!isDay(at)) return at;
  const day = new Date(at);
  return new Date(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate()).getTime();
}

/** The day on which a point in time is in the browser's time zone, as midnight UTC. */
export function dayOf(at: number): number {
  return midnight(here(at));
}

/** The complete date and time, for a tooltip. */
export function exact(at: number): string {
  return isDay(at) ? EXACT_DAY.format(here(at)) : EXACT.format(at);
}

/** "12 Mar" */
export function dayAndMonth(at: number): string {
  return DAY_MONTH.format(here(at));
}

/** A point in time in words: "5 min ago", "yesterday", "in 3 days", "12 Mar 2024". */
export function inWords(at: number, now: number = Date.now()): string {
  if (isDay(at)) return dayInWords(at, now);
  const away = at - now;
  const size = Math.abs(away);
  if (size < MINUTE) return "just now";
  if (size < HOUR) return away < 0 ? `${Math.floor(size / MINUTE)} min ago` : `in ${Math.floor(size / MINUTE)} min`;
  const days = daysBetween(now, at);
  if (days === 0) return away < 0 ? `${Math.floor(size / HOUR)} h ago` : `in ${Math.floor(size / HOUR)} h`;
  return dayInWords(at, now);
}

/** A day in words: "today", "tomorrow", "Friday", "3 days ago", "12 Mar". */
export function dayInWords(at: number, now: number = Date.now()): string {
  const days = daysBetween(now, at);
  if (days === 0) return "today";
  if (days === 1) return "tomorrow";
  if (days === -1) return "yesterday";
  if (days > 1 && days < 7) return WEEKDAY.format(here(at));
  if (days < 0 && days > -7) return `${-days} days ago`;
  const sameYear = new Date(here(at)).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? DAY_MONTH : DAY_MONTH_YEAR).format(here(at));
}

/** A duration: "12 days", "3 h", "4 min". */
export function lengthInWords(ms: number): string {
  const days = Math.floor(ms / DAY);
  if (days >= 1) return days === 1 ? "1 day" : `${days} days`;
  if (ms >= HOUR) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.max(0, Math.floor(ms / MINUTE))} min`;
}

/** Number of midnights from one point in time to the other; negative if `to` is earlier. */
export function daysBetween(from: number, to: number): number {
  return Math.round((midnight(here(to)) - midnight(from)) / DAY);
}

function midnight(at: number): number {
  const day = new Date(at);
  return Date.UTC(day.getFullYear(), day.getMonth(), day.getDate());
}

/** Typed text ("next fri", "in 3 days at 5pm", "31.12.") as a day or a point in time; null if it is not a date. */
export async function readDate(text: string, now: number = Date.now()): Promise<number | null> {
  const found = await parsed(text, now, true);
  if (!found) return null;
  const at = found.start.date().getTime();
  if (!found.start.isCertain("hour")) return midnight(at);
  // As on the server, a time of day that falls on midnight UTC stays a moment, and 00:00 UTC is the day.
  return isDay(at) && (found.start.get("hour") || found.start.get("minute")) ? at + 1 : at;
}

/** Whether a date is over: a day after its end here, a moment after itself. */
export function isOver(at: number, now: number): boolean {
  return isDay(at) ? here(at + DAY) <= now : at < now;
}

/**
 * Typed text as the date of a filter: a day as `2025-03-04`, which is the whole day, and a time as milliseconds. With
 * `relative`, words such as "today" or "7 days ago" stay relative (`today`, `today-7d`). Null if it is not a date.
 */
export async function readFilterDate(
  text: string,
  relative: boolean,
  now: number = Date.now(),
): Promise<string | number | null> {
  const moving = relative ? relativeDate(text.trim().toLowerCase()) : null;
  if (moving) return moving;
  const found = await parsed(text, now, false);
  if (!found) return null;
  const date = found.start.date();
  if (found.start.isCertain("hour")) return date.getTime();
  const day = midnight(date.getTime());
  return new Date(day).toISOString().slice(0, 10);
}

function relativeDate(words: string): string | null {
  if (/^(?:today|yesterday|tomorrow|now)(?: ?[+-] ?\d{1,4}[hdwmy])?$/.test(words)) return words;
  const [, past, future, unit] =
    /^(?:(?:in )?(\d{1,4}) (?=\w+ ago)|in (\d{1,4}) )(day|week|month|year)s?(?: ago)?$/.exec(words) ?? [];
  if (!unit) return null;
  return past ? `today-${past}${unit[0]}` : `today+${future}${unit[0]}`;
}

/**
 * Numbers have the order in which the server reads them: the month first in 3/4/2025, the day first in 3.4.2025. With
 * `forward`, a weekday or month without a year is the next one, unless the words speak of the past.
 */
async function parsed(text: string, now: number, forward: boolean) {
  const typed = text.trim();
  // The parser takes the year 0001 for 1901, and does not know "31.12.".
  if (!typed || /\b0\d{3}\b/.test(typed)) return null;
  const { en } = await import("chrono-node");
  const parser = /\d\.\d/.test(typed) ? en.GB : en.casual;
  const wanted = typed.replace(/^(\d{1,2})\.(\d{1,2})\.?$/, "$1/$2");
  const forwardDate = forward && !/\b(?:last|past|previous|ago)\b/i.test(wanted);
  return parser.parse(wanted, new Date(now), { forwardDate })[0] ?? null;
}
