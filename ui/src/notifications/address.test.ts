import { expect, test } from "vitest";
import { addressOf } from "./address";

test("a notification links to the screen of its object", () => {
  const at = { boxKey: "b", pipelineKey: "p", objectKey: "o" };
  expect(addressOf({ kind: "comment.created", ...at })).toBe("/pipelines/p?box=b");
  expect(addressOf({ kind: "box.deleted", ...at })).toBe("/trash");
  expect(addressOf({ kind: "proposal.created", ...at })).toBe("/proposals");
  expect(addressOf({ kind: "webhook.missed", pipelineKey: "p", objectKey: "w" })).toBe("/pipelines/p/webhooks/w");
  expect(addressOf({ kind: "automation.paused", pipelineKey: "p", objectKey: "a" })).toBe("/pipelines/p/automations/a");
  expect(addressOf({ kind: "automation.paused", teamKey: "t", objectKey: "a" })).toBe("/teams/t/automations/a");
  expect(addressOf({ kind: "team.edited", objectKey: "t" })).toBeUndefined();
});
