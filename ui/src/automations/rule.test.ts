import { expect, test } from "vitest";
import type { AutomationOut } from "../api/schema";
import { blank, newStep, ruleOf, said, sent } from "./rule";

test("a rule that was read is sent as it was", () => {
  const steps = [
    { type: "box.move", id: "moved", with: { stage: "5002" }, onError: "continue" },
    // biome-ignore lint/suspicious/noThenProperty: as the API has it
    { type: "branch", with: { condition: "true" }, then: [{ type: "stop", with: {} }], else: [] },
  ];
  const filter = { field: "1001", op: "gt", value: 1000 };
  const read = { name: "Won", trigger: { type: "box.moved", to: ["5004"] }, filter, steps } as unknown as AutomationOut;
  expect(sent(ruleOf(read))).toEqual({ name: "Won", trigger: read.trigger, filter, condition: null, steps });
});

test("what was left empty is not sent, zeros and falsehoods are", () => {
  expect(said({ a: "", b: [], c: {}, d: 0, e: false, f: null, g: undefined })).toEqual({ d: 0, e: false, f: null });
});

test("secrets are sent only where some were said", () => {
  const rule = { ...blank("box.created"), name: " New ", steps: [newStep("stop")] };
  expect(sent(rule)).toEqual({
    name: "New",
    trigger: { type: "box.created" },
    filter: null,
    condition: null,
    steps: [{ type: "stop", with: {} }],
  });
  expect(sent({ ...rule, secrets: { KEY: "x" } })).toHaveProperty("secrets", { KEY: "x" });
});
