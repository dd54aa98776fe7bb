import { expect, test } from "vitest";
import { choices, inWords } from "./events";

test("a pipeline is asked of its boxes, a team of its contacts too", () => {
  const groups = (scope: "pipeline" | "team") => choices(scope).map((each) => each.group);
  expect(groups("pipeline")).toEqual(["Boxes", "What hangs on boxes", "Tasks"]);
  expect(groups("team")).toEqual([...groups("pipeline"), "Directory"]);
});

test("an unknown event is shown by its name", () => {
  expect(inWords("BOX_CREATE")).toBe("A box is created");
  expect(inWords("MOON_RISES")).toBe("MOON_RISES");
});
