import { ActionIcon, Group, TagsInput, Textarea, TextInput } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import type { TeamFieldOut } from "../api/schema";
import { kindOf } from "../fields/kinds";
import classes from "./directory.module.css";
import type { Changes, Entry, Member, Noun } from "./nouns";
import { fromText, toText } from "./values";

type Props = { noun: Noun; entry: Entry; onSave: (changes: Changes) => void };

/** The members of the entry, edited in place, with the team's custom fields below. */
export function Members({ noun, entry, onSave }: Props) {
  const fields = useQuery({
    queryKey: ["get", `/v2/teams/{team}/${noun.path}/fields`, { params: { path: { team: entry.teamKey } } }],
    queryFn: () => noun.fields(entry.teamKey),
  });
  return (
    <div className={classes.members}>
      {noun.members.map((each) => (
        <Line
          key={each.name}
          member={each}
          value={(entry as Record<string, unknown>)[each.name]}
          onSave={(value) => onSave({ [each.name]: value })}
        />
      ))}
      {(fields.data ?? []).map((each) => (
        <Field
          key={each.key}
          field={each}
          team={entry.teamKey}
          text={entry.fields[each.key]}
          onSave={(text) => onSave({ fields: { [each.key]: text } })}
        />
      ))}
    </div>
  );
}

type LineProps = { member: Member; value: unknown; onSave: (value: string | string[]) => void };

function Line({ member, value, onSave }: LineProps) {
  const id = useId();
  const list = Array.isArray(value) ? (value as string[]) : [];
  const text = typeof value === "string" ? value : "";
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const save = () => {
    if (typed.trim() !== text) onSave(typed.trim());
  };
  const common = {
    id,
    value: typed,
    variant: "unstyled" as const,
    classNames: { input: classes.value ?? "" },
    onBlur: save,
  };
  return (
    <>
      <label htmlFor={id}>{member.label}</label>
      {member.kind === "list" ? (
        <TagsInput
          id={id}
          aria-label={member.label}
          variant="unstyled"
          classNames={{ input: classes.value ?? "" }}
          value={list}
          splitChars={member.name === "addresses" ? [";"] : [",", " ", ";"]}
          acceptValueOnBlur
          onChange={onSave}
        />
      ) : member.kind === "text" ? (
        <Textarea {...common} autosize minRows={2} onChange={(event) => setTyped(event.currentTarget.value)} />
      ) : (
        <TextInput
          {...common}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter") event.currentTarget.blur();
            if (event.key === "Escape") setTyped(text);
          }}
        />
      )}
    </>
  );
}

type FieldProps = { field: TeamFieldOut; team: string; text: string | undefined; onSave: (text: string) => void };

function Field({ field, team, text, onSave }: FieldProps) {
  const [editing, setEditing] = useState(false);
  const { Draw, Edit } = kindOf(field);
  const value = fromText(field.type, text);
  return (
    <>
      <span className={classes.label}>{field.name}</span>
      {editing && Edit ? (
        <Edit
          field={field}
          value={value}
          teamKey={team}
          onSave={(changed) => {
            setEditing(false);
            if (toText(changed) !== (text ?? "")) onSave(toText(changed));
          }}
          onCancel={() => setEditing(false)}
        />
      ) : (
        <Group gap={4} wrap="nowrap" className={classes.value ?? ""}>
          <span className={classes.grow}>
            <Draw field={field} value={value} />
          </span>
          {Edit && (
            <ActionIcon size="sm" aria-label={`Edit ${field.name}`} onClick={() => setEditing(true)}>
              <IconPencil size={14} />
            </ActionIcon>
          )}
        </Group>
      )}
    </>
  );
}
