import { Group } from "@mantine/core";
import { IconUser } from "@tabler/icons-react";
import { Face, Faces, type Known, nameOf } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import { compareValues } from "./compare";
import type { DrawProps, EditProps, FieldKind } from "./kind";
import { Picker } from "./Picker";

function peopleIn(value: unknown): Known[] {
  return Array.isArray(value) ? (value as Known[]) : [];
}

function Draw({ value }: DrawProps) {
  return <Faces people={peopleIn(value)} />;
}

function Edit({ field, value, teamKey, onSave, onCancel, typed }: EditProps) {
  const chosen = peopleIn(value);
  const people = usePeople(teamKey, chosen);
  return (
    <Picker
      many
      label={field.name}
      options={[...people].map(([key, person]) => ({
        value: key,
        label: `${nameOf(person)} ${person.email}`,
        shown: (
          <Group gap={6} wrap="nowrap">
            <Face person={person} size={20} />
            {nameOf(person)}
          </Group>
        ),
      }))}
      chosen={chosen.map((each) => each.userKey || each.email)}
      typed={typed}
      create={(words) => (words.includes("@") && !people.has(words) ? { value: words, label: `Add ${words}` } : null)}
      onDone={(keys) => onSave(keys.length ? keys.map((key) => people.get(key) ?? { email: key }) : null)}
      onCancel={onCancel}
    />
  );
}

const asText = (value: unknown) =>
  peopleIn(value)
    .map((each) => each.email)
    .join(", ");

export const person: FieldKind = {
  label: "People",
  icon: IconUser,
  Draw,
  Edit,
  compare: (a, b) => compareValues(peopleIn(a).map(nameOf).join(), peopleIn(b).map(nameOf).join()),
  asText,
  fromText: async (words) => {
    const emails = words
      .split(/[,;]/)
      .map((each) => each.trim())
      .filter(Boolean);
    if (emails.length === 0) return null;
    return emails.every((each) => each.includes("@")) ? emails.map((email) => ({ email })) : undefined;
  },
};
