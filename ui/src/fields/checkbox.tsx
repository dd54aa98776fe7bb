import { IconCheckbox } from "@tabler/icons-react";
import { useEffect } from "react";
import classes from "../components/Tag.module.css";
import type { DrawProps, EditProps, FieldKind } from "./kind";

function Draw({ field, value }: DrawProps) {
  return (
    <input
      type="checkbox"
      className={classes.check}
      checked={value === true}
      readOnly
      tabIndex={-1}
      aria-label={field.name}
      style={{ pointerEvents: "none" }}
    />
  );
}

/** There is nothing to choose, so starting to edit toggles the value. */
function Edit({ value, onSave }: EditProps) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once
  useEffect(() => {
    const timer = setTimeout(() => onSave(value !== true));
    return () => clearTimeout(timer);
  }, []);
  return null;
}

const YES = new Set(["true", "yes", "1", "x", "y", "✓"]);
const NO = new Set(["false", "no", "0", "", "n"]);

export const checkbox: FieldKind = {
  label: "Checkbox",
  icon: IconCheckbox,
  Draw,
  Edit,
  compare: (a, b) => Number(a === true) - Number(b === true),
  asText: (value) => (value === true ? "true" : "false"),
  fromText: async (words) => {
    const word = words.trim().toLowerCase();
    return YES.has(word) ? true : NO.has(word) ? false : undefined;
  },
};
