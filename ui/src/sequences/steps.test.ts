import { expect, test } from "vitest";
import { endInWords, linesOf, moved, stepsInWords } from "./steps";

test("steps are counted in words, and moved", () => {
  const steps = [{ type: "mail" }, { type: "wait", days: 3 }, { type: "mail" }, { type: "wait", days: 2 }];
  expect(stepsInWords(steps)).toBe("2 e-mails in 5 working days");
  expect(stepsInWords([{ type: "mail" }])).toBe("1 e-mail");
  const lines = linesOf(steps);
  expect(moved(lines, 1, -1).map(({ step }) => step.type)).toEqual(["wait", "mail", "mail", "wait"]);
  expect(moved(lines, 1, 1).map(({ step }) => step.type)).toEqual(["mail", "mail", "wait", "wait"]);
  expect([endInWords({ reason: "reply" }), endInWords({ reason: "the box is gone" }), endInWords({})]).toEqual([
    "the recipient replied",
    "the box is gone",
    "",
  ]);
});
