import { expect, test } from "vitest";
import { asCurl, asPython, urlOf } from "./code";

const ORIGIN = "http://crm.test";

test("unset parameters are left out of the address", () => {
  expect(urlOf({ method: "GET", path: "/v2/x", query: { a: "1 2", b: undefined, c: "" } }, ORIGIN)).toBe(
    `${ORIGIN}/api/v2/x?a=1+2`,
  );
});

test("quotes are safe in a shell", () => {
  expect(asCurl({ method: "POST", path: "/v2/x", body: { name: "O'Neil" } }, ORIGIN)).toContain(
    `-d '{"name":"O'\\''Neil"}'`,
  );
});

test("Python has its own words for true and null", () => {
  expect(asPython({ method: "POST", path: "/v2/x", body: { a: true, b: null, c: ["x"] } }, ORIGIN)).toContain(
    `json={"a": True, "b": None, "c": ["x"]}`,
  );
});
