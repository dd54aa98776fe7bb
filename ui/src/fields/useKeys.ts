import { type FocusEvent, type KeyboardEvent, useRef } from "react";

/**
 * Saves on Enter or when the focus leaves, cancels on Esc. Only the first of these counts. If `save` returns false, the
 * text could not be read, and the editor stays open.
 */
export function useKeys(save: () => unknown, cancel: () => void) {
  const done = useRef(false);
  const once = (what: typeof save) => {
    if (done.current) return;
    done.current = true;
    void Promise.resolve(what()).then((saved) => {
      if (saved === false) done.current = false;
    });
  };
  return {
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        once(cancel);
      } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
        event.preventDefault();
        event.stopPropagation();
        once(save);
      }
    },
    onBlur: (_event: FocusEvent) => once(save),
  };
}
