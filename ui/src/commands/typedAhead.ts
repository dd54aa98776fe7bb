/** Collects what the user types while the palette is loading, so that no letter is lost. */
let typed = "";
let entered = false;

function collect(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Backspace") typed = typed.slice(0, -1);
  else if (event.key === "Enter") entered = true;
  else if (event.key.length === 1) typed += event.key;
  else return;
  event.preventDefault();
  event.stopPropagation();
}

export const typedAhead = {
  start(): void {
    typed = "";
    entered = false;
    window.addEventListener("keydown", collect, true);
  },
  /** Ends collecting. Returns the text, and whether Enter was pressed after it. */
  take(): { text: string; enter: boolean } {
    window.removeEventListener("keydown", collect, true);
    const taken = { text: typed, enter: entered };
    typed = "";
    entered = false;
    return taken;
  },
};
