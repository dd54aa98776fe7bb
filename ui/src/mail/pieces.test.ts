import { expect, test } from "vitest";
import { pieces } from "./pieces";

const links = (text: string) => pieces(text).flatMap((each) => each.href ?? []);

test("addresses of pages and people become links, the signs after them do not", () => {
  expect(links("See https://a.example/b?c=d, or (http://b.example).")).toEqual([
    "https://a.example/b?c=d",
    "http://b.example",
  ]);
  expect(links("Write to zoe.zuse+crm@mail.zuse.example!")).toEqual(["mailto:zoe.zuse+crm@mail.zuse.example"]);
  expect(links("https://a.example/wiki/Box_(wood)")).toEqual(["https://a.example/wiki/Box_(wood)"]);
});

test("the pieces are the whole text, and other schemes are words", () => {
  const text = "a javascript:alert(1) b https://a.example c@d file:///e";
  expect(
    pieces(text)
      .map((each) => each.text)
      .join(""),
  ).toBe(text);
  expect(links(text)).toEqual(["https://a.example"]);
});
