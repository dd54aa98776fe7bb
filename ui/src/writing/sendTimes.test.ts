import { expect, test } from "vitest";
import { readSendTime, sendTimes } from "./sendTimes";

const words = (now: Date) =>
  sendTimes(now.getTime()).map(
    ({ label, at }) => `${label.split(",")[0]} ${new Date(at).getDate()} ${new Date(at).getHours()}`,
  );

test("the proposals are mornings of the writer's time zone", () => {
  // Tuesday, 1 December 2026.
  expect(words(new Date(2026, 11, 1, 9))).toEqual(["This afternoon 1 14", "Tomorrow 2 8", "Monday 7 8"]);
  expect(words(new Date(2026, 11, 4, 15))).toEqual(["Tomorrow 5 8", "Monday 7 8"]);
  // On Sunday, tomorrow is Monday.
  expect(words(new Date(2026, 11, 6, 15))).toEqual(["Tomorrow 7 8"]);
  expect(words(new Date(2026, 11, 7, 15))).toEqual(["Tomorrow 8 8", "Monday 14 8"]);
});

test("a typed day is its morning, and times that are over are refused", async () => {
  const now = new Date(2026, 11, 1, 9).getTime();
  expect(await readSendTime("friday", now)).toBe(new Date(2026, 11, 4, 8).getTime());
  expect(await readSendTime("tomorrow at 17:30", now)).toBe(new Date(2026, 11, 2, 17, 30).getTime());
  expect(await readSendTime("yesterday", now)).toBeNull();
  expect(await readSendTime("soon enough", now)).toBeNull();
});
