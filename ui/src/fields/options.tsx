import { IconCircleChevronDown, IconTags } from "@tabler/icons-react";
import classes from "../components/Tag.module.css";
import { compareValues } from "./compare";
import type { DrawProps, EditProps, Field, FieldKind } from "./kind";
import { Picker } from "./Picker";

export type Option = { key: string; name: string };

/** The options of a dropdown or tag field, in their order. */
export function optionsOf(field: Field): Option[] {
  return field.dropdownSettings?.items ?? field.tagSettings?.tags.map(({ key, tag }) => ({ key, name: tag })) ?? [];
}

const COLORS = ["gray", "blue", "teal", "grape", "orange", "pink", "lime", "indigo", "yellow", "cyan"];

/** The colour of an option, which does not depend on the other options. */
export function colorOf(key: string): string {
  const number = Number(key) || [...key].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return COLORS[number % COLORS.length] ?? "gray";
}

function Chip({ option }: { option: Option }) {
  return (
    <span
      className={classes.tag}
      style={{
        background: `var(--mantine-color-${colorOf(option.key)}-light)`,
        color: `light-dark(var(--mantine-color-dark-7), var(--mantine-color-gray-2))`,
      }}
    >
      {option.name}
    </span>
  );
}

function Draw({ field, value }: DrawProps) {
  const chosen = optionsOf(field).filter((each) => keysIn(value).includes(each.key));
  if (chosen.length === 0) return null;
  return (
    <span className={classes.tags} data-tags>
      {chosen.map((each) => (
        <Chip key={each.key} option={each} />
      ))}
    </span>
  );
}

function keysIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined || value === null ? [] : [String(value)];
}

function EditOne({ field, value, onSave, onCancel, typed }: EditProps) {
  return (
    <Picker
      label={field.name}
      options={optionsOf(field).map((each) => ({ value: each.key, label: each.name, shown: <Chip option={each} /> }))}
      chosen={keysIn(value)}
      typed={typed}
      onDone={([first]) => onSave(first ?? null)}
      onCancel={onCancel}
    />
  );
}

function EditMany({ field, value, onSave, onCancel, typed }: EditProps) {
  return (
    <Picker
      many
      label={field.name}
      options={optionsOf(field).map((each) => ({ value: each.key, label: each.name, shown: <Chip option={each} /> }))}
      chosen={keysIn(value)}
      typed={typed}
      onDone={(keys) => onSave(keys.length ? keys : null)}
      onCancel={onCancel}
    />
  );
}

function place(value: unknown, field: Field): number | null {
  const at = optionsOf(field).findIndex((each) => each.key === keysIn(value)[0]);
  return at < 0 ? null : at;
}

function named(word: string, field: Field): string | undefined {
  const wanted = word.trim().toLowerCase();
  return optionsOf(field).find((each) => each.name.toLowerCase() === wanted || each.key === wanted)?.key;
}

const asText = (value: unknown, field: Field) =>
  keysIn(value)
    .map((key) => optionsOf(field).find((each) => each.key === key)?.name ?? key)
    .join(", ");

export const dropdown: FieldKind = {
  label: "Dropdown",
  icon: IconCircleChevronDown,
  Draw,
  Edit: EditOne,
  compare: (a, b, field) => compareValues(place(a, field), place(b, field)),
  asText,
  fromText: async (words, field) => (words.trim() === "" ? null : named(words, field)),
};

export const tag: FieldKind = {
  label: "Tags",
  icon: IconTags,
  Draw,
  Edit: EditMany,
  compare: (a, b, field) => compareValues(asText(a, field), asText(b, field)),
  asText,
  fromText: async (words, field) => {
    const found = words
      .split(",")
      .filter((each) => each.trim() !== "")
      .map((each) => named(each, field));
    return found.includes(undefined) ? undefined : found.length ? found : null;
  },
};
