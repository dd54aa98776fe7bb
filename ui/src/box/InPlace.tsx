import { Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import classes from "./Fields.module.css";

type InPlaceProps = {
  label: string;
  /** The stored value. If it changes while the editor is open, the editor shows a warning. */
  value: unknown;
  draw: ReactNode;
  /** Null if the user may not edit the value. */
  edit: ((close: () => void) => ReactNode) | null;
  empty?: string;
};

/** A value that turns into its editor when it is clicked. */
export function InPlace({ label, value, draw, edit, empty = "Empty" }: InPlaceProps) {
  const [before, setBefore] = useState<{ value: unknown } | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  const begin = () => setBefore({ value });
  useEffect(() => {
    // After an edit by keyboard, the focus returns to the value.
    if (!before && wasEditing.current && document.activeElement === document.body) button.current?.focus();
    wasEditing.current = before !== null;
  }, [before]);
  if (before && edit) {
    const changed = JSON.stringify(before.value) !== JSON.stringify(value);
    return (
      <div className={classes.editing}>
        {edit(() => setBefore(null))}
        {changed && (
          <Text size="xs" c="var(--warn)" role="status">
            Changed by somebody else meanwhile: saving puts yours in its place.
          </Text>
        )}
      </div>
    );
  }
  const shown = isNothing(value) ? <span className={classes.unset}>{edit ? empty : "–"}</span> : draw;
  if (!edit) return <div className={classes.value}>{shown}</div>;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a larger target for the mouse; the button is within
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <div className={classes.value} data-editable onClick={begin}>
      {shown}
      <button
        ref={button}
        type="button"
        className={classes.pencil}
        aria-label={`Edit ${label}`}
        onClick={(event) => {
          event.stopPropagation();
          begin();
        }}
      >
        <IconPencil size={13} stroke={1.6} />
      </button>
    </div>
  );
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
