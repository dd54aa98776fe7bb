/** Drafts of texts about a box. They are still there when the box is opened again, also after a reload. */
import { useState } from "react";

export function useDraft(name: string): [string, (words: string) => void] {
  const key = `boxwood-draft ${name}`;
  const [draft, setDraft] = useState(() => ({ key, words: sessionStorage.getItem(key) ?? "" }));
  // Another kind of text, such as a task in place of a comment, has its own draft.
  const words = draft.key === key ? draft.words : (sessionStorage.getItem(key) ?? "");
  const change = (next: string) => {
    if (next) sessionStorage.setItem(key, next);
    else sessionStorage.removeItem(key);
    setDraft({ key, words: next });
  };
  return [words, change];
}
