/** The boxes that this user opened in this browser, the newest first. */
import { useEffect, useSyncExternalStore } from "react";
import { RECENT } from "../api/session";

export type Recent = { key: string; name: string; pipelineKey: string; pipelineName: string };

const MOST = 8;
const listeners = new Set<() => void>();
let cached: { text: string; found: Recent[] } = { text: "", found: [] };

function nameOf(userKey: string): string {
  return RECENT + userKey;
}

function read(userKey: string): Recent[] {
  const text = localStorage.getItem(nameOf(userKey)) ?? "[]";
  // The same list while the text is the same, as a store has to return it.
  if (text !== cached.text) cached = { text, found: parsed(text) };
  return cached.found;
}

function parsed(text: string): Recent[] {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? (found as Recent[]) : [];
  } catch {
    return [];
  }
}

/** Puts the box at the beginning of the list, with its current name. */
export function useRemembered(userKey: string, { key, name, pipelineKey, pipelineName }: Recent): void {
  useEffect(() => {
    const others = read(userKey).filter((each) => each.key !== key);
    const now = [{ key, name, pipelineKey, pipelineName }, ...others].slice(0, MOST);
    localStorage.setItem(nameOf(userKey), JSON.stringify(now));
    for (const each of [...listeners]) each();
  }, [userKey, key, name, pipelineKey, pipelineName]);
}

export function useRecent(userKey: string): Recent[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => read(userKey),
  );
}
