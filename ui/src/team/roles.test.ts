import { expect, test } from "vitest";
import { handoverInWords, roleInWords } from "./roles";

const NOTHING = { boxes: 0, tasks: 0, pipelines: 0, webhooks: 0, automations: 0 };

test("a handover is one sentence", () => {
  expect(handoverInWords(NOTHING)).toBe("");
  expect(handoverInWords({ ...NOTHING, tasks: 1 })).toBe("1 task");
  expect(handoverInWords({ ...NOTHING, boxes: 2, tasks: 1 })).toBe("2 boxes and 1 task");
  expect(handoverInWords({ ...NOTHING, boxes: 1, pipelines: 2, webhooks: 1 })).toBe("1 box, 2 pipelines and 1 webhook");
});

test("an unknown role is shown by its name", () => {
  expect(roleInWords("PayerOnly")).toBe("Payer");
  expect(roleInWords("Ruler")).toBe("Ruler");
});
