import { expect, test } from "vitest";
import type { ApiKeyOut } from "../api/schema";
import { accessOf, bodyOf, inWords, limitsOf, NEW_KEY, scopesOf } from "./keyLimits";

const KEY = {
  name: "Nightly",
  scopes: [],
  pipelineKeys: [],
  proposes: false,
  allowedAddresses: [],
  allowedOrigins: [],
} as unknown as ApiKeyOut;

test("scopes are read into the form and written back", () => {
  for (const scopes of [[], ["*:read"], ["boxes:write", "contacts:read"]]) {
    expect(scopesOf(accessOf(scopes))).toEqual(scopes);
  }
});

test("a star gives its level to every noun that no scope names", () => {
  const { access, levels } = accessOf(["*:read", "boxes:write"]);
  expect(access).toBe("chosen");
  expect([levels.boxes, levels.contacts]).toEqual(["write", "read"]);
});

test("a key that is saved unchanged keeps its end to the millisecond", () => {
  const key = { ...KEY, expiresTimestamp: 1_767_603_600_123 } as ApiKeyOut;
  expect(bodyOf(limitsOf(key), key).expiresTimestamp).toBe(1_767_603_600_123);
  expect(bodyOf({ ...limitsOf(key), until: "" }, key).expiresTimestamp).toBeNull();
  expect(bodyOf(NEW_KEY).expiresTimestamp).toBeNull();
});

test("the list says what a key may do", () => {
  expect(inWords(KEY)).toBe("everything you may do");
  expect(inWords({ ...KEY, scopes: ["boxes:read"], proposes: true })).toBe("1 scope, proposes only");
});
