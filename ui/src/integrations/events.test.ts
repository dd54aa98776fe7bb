import { expect, test } from "vitest";
import { choices, inWords, titleOf } from "./events";

test("a pipeline offers events of boxes, a team also those of contacts", () => {
  const groups = (scope: "pipeline" | "team") => choices(scope).map((each) => each.group);
  expect(groups("pipeline")).toEqual(["Boxes", "What hangs on boxes", "Tasks"]);
  expect(groups("team")).toEqual([...groups("pipeline"), "Directory"]);
});

test("an unknown event is shown by its name", () => {
  expect(inWords("BOX_CREATE")).toBe("A box is created");
  expect(inWords("MOON_RISES")).toBe("MOON_RISES");
});

test("a subscription is called by its name, or else by its events", () => {
  expect(titleOf({ name: "To the warehouse", events: ["BOX_CREATE"] })).toBe("To the warehouse");
  expect(titleOf({ events: ["BOX_CREATE", "TASK_DUE"] })).toBe("A box is created, A task falls due");
});
