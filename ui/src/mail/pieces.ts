/** A piece of a plain text: words, or an address that leads to a page or a mail program. */
export type Piece = { text: string; href?: string };

const ADDRESS = /https?:\/\/[^\s<>"]+|[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+/gi;
/** What stands after an address in a sentence, and is not part of it. */
const AFTER = /[.,;:!?'"”’)\]}>]+$/;

/** Splits a text into words and addresses. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = closed(match[0]);
    if (match.index > at) found.push({ text: text.slice(at, match.index) });
    found.push({ text: address, href: /^https?:/i.test(address) ? address : `mailto:${address}` });
    at = match.index + address.length;
  }
  if (at < text.length) found.push({ text: text.slice(at) });
  return found;
}

/** The address without the signs after it. A closing bracket belongs to an address that opens it. */
function closed(address: string): string {
  const short = address.replace(AFTER, "");
  const bracket = address[short.length] === ")" && short.split("(").length > short.split(")").length;
  return bracket ? `${short})` : short;
}
