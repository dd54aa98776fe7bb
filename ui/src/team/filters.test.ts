import { expect, test } from "vitest";
import { queryOf } from "./filters";

const NOTHING = { kind: "", actor: "", from: "", to: "" };

test("empty filters are not sent", () => {
  expect(queryOf(NOTHING)).toEqual({});
  expect(queryOf({ ...NOTHING, kind: "key.", actor: "u1" })).toEqual({ kind: "key.", actor: "u1" });
});

test("both days are included", () => {
  const query = queryOf({ ...NOTHING, from: "2026-11-25", to: "2026-11-25" });
  expect(Number(query.to) - Number(query.from)).toBe(86_400_000 - 1);
  expect(new Date(Number(query.from)).getHours()).toBe(0);
});

test("an address without days has no date filter", () => {
  expect(queryOf({ ...NOTHING, from: "yesterday" })).toEqual({});
});
