import { type FocusEvent, type KeyboardEvent, useRef } from "react";

/** Saves on Enter or when the focus leaves, cancels on Esc. Only the first of these counts. */
export function useKeys(save: () => void, cancel: () => void) {
  const done = useRef(false);
  const once = (what: () => void) => {
    if (!done.current) {
      done.current = true;
      what();
    }
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
