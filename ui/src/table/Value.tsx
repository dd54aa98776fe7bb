import { Group, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Box, Edit } from "../api/boxes";
import type { PipelineOut } from "../api/schema";
import { Face, Faces, type Known, nameOf } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import { StageTag } from "../components/StageTag";
import { asNumber } from "../fields/compare";
import { kindOf } from "../fields/kinds";
import { DrawLinks, EditLinks } from "../fields/links";
import { Picker } from "../fields/Picker";
import { useKeys } from "../fields/useKeys";
import { exact, inWords, lengthInWords } from "../lib/dates";
import { type Column, messagesOf } from "./columns";

type ValueProps = { column: Column; value: unknown; pipeline: PipelineOut };

/** The value of a column as users read it. */
export function Value({ column, value, pipeline }: ValueProps) {
  if (column.field) {
    const { Draw } = kindOf(column.field);
    return <Draw field={column.field} value={value} />;
  }
  if (value === undefined || value === null || value === "") return null;
  switch (column.kind) {
    case "stage": {
      const stage = pipeline.stages[String(value)];
      return stage ? <StageTag stage={stage} /> : null;
    }
    case "number":
      return asNumber(Number(value));
    case "length":
      return lengthInWords(Number(value));
    case "moment":
      return <time title={exact(Number(value))}>{inWords(Number(value))}</time>;
    case "user":
    case "users":
      return <Faces people={value as Known[]} />;
    case "rules":
      return messagesOf(value);
    case "contacts":
      return <DrawLinks noun="contacts" value={value} />;
    case "organizations":
      return <DrawLinks noun="organizations" value={value} />;
    default:
      return String(value);
  }
}

type EditorProps = {
  column: Column;
  box: Box;
  pipeline: PipelineOut;
  /** The character that began the edit, which replaces the value. */
  typed?: string | undefined;
  onSave: (edit: Edit, shown?: Partial<Box>) => void;
  onCancel: () => void;
};

/** The control that edits the value of this column. */
export function Editor({ column, box, pipeline, typed, onSave, onCancel }: EditorProps) {
  const { field } = column;
  if (field) {
    const Edit = kindOf(field).Edit;
    if (!Edit) return null;
    return (
      <Edit
        field={field}
        value={box.fields[field.key]}
        teamKey={pipeline.teamKey}
        typed={typed}
        onSave={(value) => onSave({ fields: { [field.key]: value } } as Edit)}
        onCancel={onCancel}
      />
    );
  }
  if (column.key === "stage") {
    return (
      <StagePicker
        pipeline={pipeline}
        chosen={box.stageKey}
        typed={typed}
        onDone={(stageKey) => onSave({ stageKey })}
        onCancel={onCancel}
      />
    );
  }
  if (column.key === "assignee") {
    return (
      <PeoplePicker
        label={column.name}
        pipeline={pipeline}
        chosen={box.assignedToSharingEntries}
        typed={typed}
        onDone={(people) =>
          onSave({ assignees: people.map((each) => each.userKey || each.email) } as Edit, {
            assignedToSharingEntries: people as Box["assignedToSharingEntries"],
          })
        }
        onCancel={onCancel}
      />
    );
  }
  if (column.key === "contacts" || column.key === "organizations") {
    const noun = column.key;
    const held = box[noun] ?? [];
    return (
      <EditLinks
        noun={noun}
        field={{ key: noun, name: column.name, type: "" }}
        value={held.map((each) => each.key)}
        teamKey={pipeline.teamKey}
        typed={typed}
        onSave={(keys) =>
          onSave({
            [noun]: ((keys ?? []) as string[]).map((key) => held.find((each) => each.key === key) ?? { key }),
          } as Edit)
        }
        onCancel={onCancel}
      />
    );
  }
  const isName = column.key === "name";
  return (
    <WordsEditor
      label={column.name}
      value={(isName ? box.name : box.notes) ?? ""}
      typed={typed}
      onSave={(words) =>
        isName ? (words.trim() ? onSave({ name: words.trim() }) : onCancel()) : onSave({ notes: words || null })
      }
      onCancel={onCancel}
    />
  );
}

export function WordsEditor({
  label,
  value,
  typed,
  onSave,
  onCancel,
}: {
  label: string;
  value: string;
  typed?: string | undefined;
  onSave: (words: string) => void;
  onCancel: () => void;
}) {
  const [words, setWords] = useState(typed ?? value);
  const keys = useKeys(() => (words === value ? onCancel() : onSave(words)), onCancel);
  return (
    <TextInput
      aria-label={label}
      autoFocus
      value={words}
      onChange={(event) => setWords(event.currentTarget.value)}
      onFocus={(event) => typed === undefined && event.currentTarget.select()}
      {...keys}
    />
  );
}

type StagePickerProps = {
  pipeline: PipelineOut;
  chosen: string;
  typed?: string | undefined;
  onDone: (key: string) => void;
  onCancel: () => void;
};

export function StagePicker({ pipeline, chosen, typed, onDone, onCancel }: StagePickerProps) {
  const stages = pipeline.stageOrder.flatMap((key) => pipeline.stages[key] ?? []);
  return (
    <Picker
      label="Stage"
      options={stages.map((each) => ({ value: each.key, label: each.name, shown: <StageTag stage={each} /> }))}
      chosen={[chosen]}
      typed={typed}
      onDone={([key]) => (key ? onDone(key) : onCancel())}
      onCancel={onCancel}
    />
  );
}

type PeoplePickerProps = {
  label: string;
  pipeline: PipelineOut;
  chosen: readonly Known[];
  typed?: string | undefined;
  onDone: (people: Known[]) => void;
  onCancel: () => void;
};

export function PeoplePicker({ label, pipeline, chosen, typed, onDone, onCancel }: PeoplePickerProps) {
  const people = usePeople(pipeline.teamKey, [...pipeline.aclEntries, ...chosen]);
  return (
    <Picker
      many
      label={label}
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
      onDone={(keys) => onDone(keys.flatMap((key) => people.get(key) ?? []))}
      onCancel={onCancel}
    />
  );
}

/** The value that the boxes of a group have in common. */
export function GroupLabel({ column, value, pipeline }: { column: Column; value: unknown; pipeline: PipelineOut }) {
  const people = usePeople(
    column.kind === "users" || column.kind === "user" ? pipeline.teamKey : "",
    pipeline.aclEntries,
  );
  if (value === null || value === undefined) return <span className="quiet">No {column.name.toLowerCase()}</span>;
  if (column.kind === "moment") {
    return new Date(`${String(value)}-15T12:00`).toLocaleDateString("en-GB", { month: "long", year: "numeric" });
  }
  if (column.kind === "users" || column.kind === "user") {
    const keys = Array.isArray(value) ? value.map(String) : [String(value)];
    return <Faces people={keys.map((key) => people.get(key) ?? { userKey: key, email: key })} />;
  }
  if (column.kind === "flag") return column.name;
  return <Value column={column} value={value} pipeline={pipeline} />;
}
