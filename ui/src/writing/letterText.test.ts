import { expect, test } from "vitest";
import { isRecipient, namesAttachment, recipientName, splitQuote, withoutStyles } from "./letterText";

test("the quoted e-mail stands apart from the author's text", () => {
  const quote = '<div class="gmail_quote"><div>On Monday</div><blockquote>Hello</blockquote></div>';
  expect(splitQuote(`<p>Yes.</p>${quote}`)).toEqual({ own: "<p>Yes.</p>", quote });
  expect(splitQuote("<p>Yes.</p>")).toEqual({ own: "<p>Yes.</p>", quote: "" });
});

test("inline styles are left out", () => {
  expect(withoutStyles(`<p style="color: red" class="a">x</p><b STYLE='a'>y</b>`)).toBe('<p class="a">x</p><b>y</b>');
});

test.each([
  ["<p>I attach the offer.</p>", true],
  ["<p>See the attached&nbsp;list</p>", true],
  ["<p>Anbei das Angebot</p>", true],
  ["<p>voir pièce jointe</p>", true],
  ["<p>The offer follows.</p>", false],
  ["<p>They are attachés.</p>", false],
])("%s speaks of an attachment: %s", (html, says) => {
  expect(namesAttachment(html)).toBe(says);
});

test.each([
  ["zoe@client.example", true, "zoe@client.example"],
  ["Zoe Zuse <zoe@client.example>", true, "Zoe Zuse"],
  ['"Zuse, Zoe" <zoe@client.example>', true, "Zuse, Zoe"],
  ["zoe@client", false, "zoe@client"],
  ["Zoe", false, "Zoe"],
])("%s is a recipient: %s", (text, is, name) => {
  expect(isRecipient(text)).toBe(is);
  expect(recipientName(text)).toBe(name);
});
