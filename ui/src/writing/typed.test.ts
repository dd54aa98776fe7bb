import { expect, test } from "vitest";
import { typedAt } from "./typed";

test.each([
  ["Hello ;in", { mark: ";", word: "in", length: 3 }],
  [";", { mark: ";", word: "", length: 1 }],
  ["Hello /our offer", { mark: "/", word: "our offer", length: 10 }],
  ["Grüße (/grüß", { mark: "/", word: "grüß", length: 5 }],
  ["Dear {{contact.g", { mark: "{{", word: "contact.g", length: 11 }],
  ["{{ box.Deal size", { mark: "{{", word: "box.Deal size", length: 16 }],
])("%j is the beginning of a name", (text, typed) => {
  expect(typedAt(text)).toEqual(typed);
});

test.each(["Hello", "and/or", "first;second", "a / b;c", "{{contact.name}} ", "at 5 ; ", "https://firm.example/list"])(
  "%j is only text",
  (text) => {
    expect(typedAt(text)).toBeNull();
  },
);
