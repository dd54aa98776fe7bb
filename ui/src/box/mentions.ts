/** Mentions with @: found while the user types, and drawn in comments. */

export type Mention = { userKey: string; offset?: number | null; length?: number | null };
export type Piece = { text: string; userKey?: string };

/** The word after the @ at the caret, and the position of the @; null if the caret is not in a mention. */
export function mentionAt(text: string, caret: number): { at: number; word: string } | null {
  const found = /(^|[\s(])@([^\s@]{0,40}(?: [^\s@]{0,40})?)$/.exec(text.slice(0, caret));
  if (!found) return null;
  const word = found[2] ?? "";
  return { at: caret - word.length - 1, word };
}

/** The text with the name in place of the typed word, and the new position of the caret. */
export function withMention(text: string, caret: number, name: string): { text: string; caret: number } {
  const begun = mentionAt(text, caret);
  if (!begun) return { text, caret };
  const before = `${text.slice(0, begun.at)}@${name} `;
  return { text: before + text.slice(caret).replace(/^ /, ""), caret: before.length };
}

/** Splits a message into plain and mentioning parts. Offsets count characters, not UTF-16 units. */
export function pieces(message: string, mentions: readonly Mention[] = []): Piece[] {
  const letters = [...message];
  const found: Piece[] = [];
  let at = 0;
  const placed = mentions
    .filter((each) => each.offset != null && each.length != null)
    .sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
  for (const { userKey, offset, length } of placed) {
    const [start, end] = [offset ?? 0, (offset ?? 0) + (length ?? 0)];
    if (start < at || end > letters.length || start === end) continue;
    if (start > at) found.push({ text: letters.slice(at, start).join("") });
    found.push({ text: letters.slice(start, end).join(""), userKey });
    at = end;
  }
  if (at < letters.length) found.push({ text: letters.slice(at).join("") });
  return found;
}
