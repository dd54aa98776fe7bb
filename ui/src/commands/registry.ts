/** Everything that can be done on the screen at this moment: the palette lists it, keys start it. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export type Command = {
  id: string;
  /** As the palette and the list of shortcuts show it: "Add a box". */
  label: string;
  /** Where it stands in both: "Pipeline", "Go to". */
  section: string;
  /** `x`, `Shift+X`, `mod+k` (Ctrl or Cmd), or two keys one after the other: `g t`. */
  keys?: string;
  /** Words it is found by as well. */
  words?: string;
  /** Keys alone: what makes no sense to choose from a list, such as "next row". */
  hidden?: boolean;
  run: (event?: KeyboardEvent) => void;
};

const layers: { commands: () => Command[] }[] = [];
const listeners = new Set<() => void>();
let all: Command[] = [];

function changed(): void {
  all = layers.flatMap((layer) => layer.commands());
  for (const each of [...listeners]) each();
}

/** Offers commands for as long as the component is there. Of two with the same keys the later one wins. */
export function useCommands(commands: Command[]): void {
  const newest = useRef(commands);
  const names = commands.map((each) => `${each.id} ${each.label} ${each.keys ?? ""}`).join("\n");
  useEffect(() => {
    newest.current = commands;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: told anew when one comes, goes or is renamed
  useEffect(() => {
    const layer = { commands: () => newest.current };
    layers.push(layer);
    changed();
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      changed();
    };
  }, [names]);
}

export function useAllCommands(): Command[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => all,
  );
}

let begun = "";
let begunAt = 0;

/** Starts what the key is for; not while somebody types, but for keys with Ctrl or Cmd. */
export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = spelled(event);
  if (isTyping(event.target) && !key.startsWith("mod+")) return;
  if (key === "Escape" && closesSomething(event.target)) return;
  const sequence = begun && Date.now() - begunAt < 1500 ? `${begun} ${key}` : key;
  const current = layers.flatMap((layer) => layer.commands());
  const found = current.findLast((each) => each.keys === sequence) ?? current.findLast((each) => each.keys === key);
  begun = "";
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (current.some((each) => each.keys?.startsWith(`${key} `))) {
    begun = key;
    begunAt = Date.now();
  }
}

/** The key's name as commands spell it. */
export function spelled(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isLetter = /^[a-z]$/.test(key);
  const held = [
    (event.ctrlKey || event.metaKey) && "mod",
    event.altKey && "Alt",
    event.shiftKey && (isLetter || key.length > 1) && "Shift",
  ];
  return [...held.filter(Boolean), event.shiftKey && isLetter ? key.toUpperCase() : key].join("+");
}

/** A dialog, menu or list that is open backs out first. */
function closesSomething(target: EventTarget | null): boolean {
  if (document.querySelector("[aria-modal=true]")) return true;
  return target instanceof HTMLElement && target.closest("[role=menu], [role=dialog], [aria-expanded=true]") !== null;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select, [role=textbox]")
  );
}
