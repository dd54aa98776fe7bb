import { describe, expect, test } from "vitest";
import TEXTS from "../../../tests/dates.json";
import { DAY, dayInWords, dayOf, here, inWords, isDay, isOver, lengthInWords, readDate, readFilterDate } from "./dates";

const WEDNESDAY = new Date(2026, 10, 25, 15, 0).getTime();
const MINUTE = 60_000;

describe("points in time in words", () => {
  test.each([
    [-20_000, "just now"],
    [-5 * MINUTE, "5 min ago"],
    [-3 * 60 * MINUTE, "3 h ago"],
    [-1 * DAY, "yesterday"],
    [-3 * DAY, "3 days ago"],
    [20 * MINUTE, "in 20 min"],
    [1 * DAY, "tomorrow"],
    [-30 * DAY, "26 Oct"],
  ])("%d ms away is %s", (away, words) => expect(inWords(WEDNESDAY + away, WEDNESDAY)).toBe(words));

  test("a date in another year shows the year", () =>
    expect(dayInWords(new Date(2024, 2, 12).getTime(), WEDNESDAY)).toBe("12 Mar 2024"));
  test("lengths", () =>
    expect([90 * MINUTE, 3 * DAY, 5 * MINUTE].map(lengthInWords)).toEqual(["1 h", "3 days", "5 min"]));
});

describe("words as points in time", () => {
  test("a weekday is the next one", async () => {
    const found = await readDate("next fri", WEDNESDAY);
    expect(new Date(here(found ?? 0)).getDay()).toBe(5);
  });
  test("days from now", async () => {
    expect(await readDate("in 3 days", WEDNESDAY)).toBe(Date.UTC(2026, 10, 28));
  });
  test.each([
    ["3/12/2026", [12, 2]],
    ["3-12-2026", [12, 2]],
    ["3.12.2026", [3, 11]],
    ["31.12.", [31, 11]],
    ["last friday", [20, 10]],
  ])("%s is read in the order of the server", async (text, [date, month]) => {
    const found = new Date(here((await readDate(text, WEDNESDAY)) ?? 0));
    expect([found.getDate(), found.getMonth()]).toEqual([date, month]);
  });
  test.each(Object.entries(TEXTS.days))("%s is the day that the server reads, or not read", async (text, at) => {
    const found = await readDate(text, WEDNESDAY);
    if (found !== null) expect(dayOf(found)).toBe(at);
  });
  test("a date without a time is a day, and one with a time is a moment", async () =>
    expect([
      await readDate("4 Mar 2025", WEDNESDAY),
      await readDate("4 Mar 2025 at noon", WEDNESDAY),
      await readDate("2025-03-04T00:00:00Z", WEDNESDAY),
      await readDate("2025-03-03T19:00:00-05:00", WEDNESDAY),
    ]).toEqual([
      Date.UTC(2025, 2, 4),
      new Date(2025, 2, 4, 12).getTime(),
      Date.UTC(2025, 2, 4),
      Date.UTC(2025, 2, 4) + 1,
    ]));
  test.each([
    ["today", "today"],
    ["Yesterday", "yesterday"],
    ["today-7d", "today-7d"],
    ["7 days ago", "today-7d"],
    ["in 2 weeks", "today+2w"],
    ["1 month ago", "today-1m"],
    ["4 Mar 2025", "2025-03-04"],
    ["3/4/2025", "2025-03-04"],
    ["last friday", "2026-11-20"],
    ["4 Mar 2025 at 10am", new Date(2025, 2, 4, 10).getTime()],
    ["whenever", null],
  ])("a filter takes %s as %s", async (text, wanted) =>
    expect(await readFilterDate(text, true, WEDNESDAY)).toBe(wanted),
  );
  test("a rule takes fixed dates", async () =>
    expect([
      await readFilterDate("today", false, WEDNESDAY),
      await readFilterDate("3 days ago", false, WEDNESDAY),
    ]).toEqual(["2026-11-25", "2026-11-22"]));
  test("text that is not a date gives null", async () => expect(await readDate("whenever", WEDNESDAY)).toBeNull());
});

test("a day is the same day in every time zone", () => {
  const day = Date.UTC(2025, 2, 4);
  expect([isDay(day), isDay(day + 1), dayOf(day)]).toEqual([true, false, day]);
  expect([new Date(here(day)).getFullYear(), new Date(here(day)).getMonth(), new Date(here(day)).getDate()]).toEqual([
    2025, 2, 4,
  ]);
  expect(dayInWords(day, WEDNESDAY)).toBe("4 Mar 2025");
});

test("a day is over when it has ended here, and a moment at once", () => {
  const day = Date.UTC(2026, 10, 25);
  const end = new Date(2026, 10, 26).getTime();
  expect([isOver(day, WEDNESDAY), isOver(day, end - 1), isOver(day, end)]).toEqual([false, false, true]);
  expect([isOver(WEDNESDAY, WEDNESDAY), isOver(WEDNESDAY, WEDNESDAY + 1)]).toEqual([false, true]);
  expect(inWords(day, WEDNESDAY)).toBe("today");
});
