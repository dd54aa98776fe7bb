import { expect, test } from "vitest";
import type { AutomationOut } from "../api/schema";
import { blank, newStep, requestBody, ruleOf, withoutEmpty } from "./rule";

test("a loaded rule is sent unchanged", () => {
  const steps = [
    { type: "box.move", id: "moved", with: { stage: "5002" }, onError: "continue" },
    // biome-ignore lint/suspicious/noThenProperty: as the API has it
    { type: "branch", with: { condition: "true" }, then: [{ type: "stop", with: {} }], else: [] },
  ];
  const filter = { field: "1001", op: "gt", value: 1000 };
  const read = { name: "Won", trigger: { type: "box.moved", to: ["5004"] }, filter, steps } as unknown as AutomationOut;
  expect(requestBody(ruleOf(read))).toEqual({ name: "Won", trigger: read.trigger, filter, condition: null, steps });
});

test("empty values are not sent, but 0 and false are", () => {
  expect(withoutEmpty({ a: "", b: [], c: {}, d: 0, e: false, f: null, g: undefined })).toEqual({
    d: 0,
    e: false,
    f: null,
  });
});

test("secrets are sent only if some were entered", () => {
  const rule = { ...blank("box.created"), name: " New ", steps: [newStep("stop")] };
  expect(requestBody(rule)).toEqual({
    name: "New",
    trigger: { type: "box.created" },
    filter: null,
    condition: null,
    steps: [{ type: "stop", with: {} }],
  });
  expect(requestBody({ ...rule, secrets: { KEY: "x" } })).toHaveProperty("secrets", { KEY: "x" });
});
