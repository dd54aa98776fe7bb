/** What a writer has begun to type at the caret: `;intro` or `/intro` names a snippet, `{{con` a merge field. */
export type Typed = { mark: ";" | "/" | "{{"; word: string; length: number };

/** Reads the text of the paragraph before the caret. Null if nothing of this kind is being typed. */
export function typedAt(before: string): Typed | null {
  const field = /\{\{([^{}]{0,60})$/.exec(before);
  if (field) return { mark: "{{", word: (field[1] ?? "").trim(), length: field[0].length };
  const snippet = /(?:^|[\s(])([;/])([\p{L}\p{N}][\p{L}\p{N}_ -]{0,39}|)$/u.exec(before);
  if (!snippet) return null;
  const [, mark, word = ""] = snippet;
  return { mark: mark as ";" | "/", word, length: word.length + 1 };
}
