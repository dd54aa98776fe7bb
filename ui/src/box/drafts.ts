/** Drafts of texts about a box. They are still there when the box is opened again, also after a reload. */
import { useState } from "react";

export function useDraft(name: string): [string, (words: string) => void] {
  const key = `boxwood-draft ${name}`;
  const [words, setWords] = useState(() => sessionStorage.getItem(key) ?? "");
  const change = (next: string) => {
    if (next) sessionStorage.setItem(key, next);
    else sessionStorage.removeItem(key);
    setWords(next);
  };
  return [words, change];
}
