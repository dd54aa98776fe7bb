/** The commands of the current screen. The palette lists them, and keys run them. */
import { useEffect, useRef, useSyncExternalStore } from "react";

export type Command = {
  id: string;
  /** Text in the palette and in the list of shortcuts, such as "Add a box". */
  label: string;
  /** Heading in both, such as "Pipeline" or "Go to". */
  section: string;
  /** `x`, `Shift+X`, `mod+k` (Ctrl or Cmd), or two keys one after the other: `g t`. */
  keys?: string;
  /** More words to find the command by. */
  words?: string;
  /** Not listed in the palette, such as "next row". */
  hidden?: boolean;
  /** Listed in the palette only when its words are searched, such as "Move to Won". */
  searched?: boolean;
  /** Not run while the user types, because the text field has a meaning for the key, such as Ctrl Z. */
  outsideText?: boolean;
  run: (event?: KeyboardEvent) => void;
};

const layers: { commands: () => Command[] }[] = [];
const listeners = new Set<() => void>();
let all: Command[] = [];

function changed(): void {
  all = layers.flatMap((layer) => layer.commands());
  for (const each of [...listeners]) each();
}

/** Registers commands while the component is mounted. If two have the same keys, the later one wins. */
export function useCommands(commands: Command[]): void {
  const newest = useRef(commands);
  const names = commands.map((each) => `${each.id} ${each.label} ${each.keys ?? ""}`).join("\n");
  useEffect(() => {
    newest.current = commands;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when a command is added, removed or renamed
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

/** Runs the command of the pressed key. While the user types, only keys with Ctrl or Cmd run commands. */
export function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const key = spelled(event);
  if (isTyping(event.target) && !key.startsWith("mod+")) return;
  if (key === "Escape" && closesSomething(event.target)) return;
  // A dialog is about what was selected when it opened: keys must not change the screen behind it.
  if (!key.startsWith("mod+") && document.querySelector("[aria-modal=true]")) return;
  const sequence = begun && Date.now() - begunAt < 1500 ? `${begun} ${key}` : key;
  const current = layers.flatMap((layer) => layer.commands());
  const found = current.findLast((each) => each.keys === sequence) ?? current.findLast((each) => each.keys === key);
  begun = "";
  if (found?.outsideText && isTyping(event.target)) return;
  if (found) {
    event.preventDefault();
    found.run(event);
  } else if (current.some((each) => each.keys?.startsWith(`${key} `))) {
    begun = key;
    begunAt = Date.now();
  }
}

/** The key's name as commands write it. */
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

/** Whether Esc closes an open dialog, menu or list first. */
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
