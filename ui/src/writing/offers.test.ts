import { expect, test } from "vitest";
import { byShortcut, fieldOffers, fitting, type Offer } from "./offers";

const snippet = (label: string, hint = ""): Offer => ({ id: label, kind: "snippet", label, hint, html: "" });
const offers = [
  snippet("Price list", ";prices"),
  snippet("Our offer"),
  snippet("Introduction", ";intro"),
  ...fieldOffers({ fields: [{ name: "Deal size" }] } as never),
];

test("offers begin with those whose shortcut or name begins with the typed word", () => {
  expect(fitting(offers, { mark: "/", word: "o" }).map((each) => each.label)).toEqual(["Our offer", "Introduction"]);
  expect(fitting(offers, { mark: ";", word: "PRI" }).map((each) => each.label)).toEqual(["Price list"]);
  expect(fitting(offers, { mark: "{{", word: "deal" }).map((each) => each.hint)).toEqual(["{{box.Deal size}}"]);
  expect(fitting(offers, { mark: "{{", word: "box.s" }).map((each) => each.hint)).toEqual(["{{box.stage}}"]);
  expect(fitting(offers, { mark: "/", word: "nothing" })).toEqual([]);
});

test("a shortcut names one snippet", () => {
  expect(byShortcut(offers, "Intro")?.label).toBe("Introduction");
  expect(byShortcut(offers, "int")).toBeUndefined();
});
