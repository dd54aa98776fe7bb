import { ActionIcon, Button, Group, Modal, Select, Stack, TagsInput, Text, TextInput, Tooltip } from "@mantine/core";
import { IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { TeamFieldOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Ready } from "../components/states";
import { KINDS, kindOf } from "../fields/kinds";
import { optionsOf } from "../fields/options";
import classes from "./directory.module.css";
import type { FieldChanges, Noun } from "./nouns";

// Formulas are computed for boxes only.
const TYPES = Object.entries(KINDS)
  .filter(([type]) => type !== "FORMULA")
  .map(([value, { label }]) => ({ value, label }));

type Props = { noun: Noun; team: string };

/** The team's custom fields for contacts (or organizations): create, rename, change options, delete. */
export function Fields({ noun, team, onClose }: Props & { onClose: () => void }) {
  const query = useQuery({ queryKey: keyOf(noun, team), queryFn: () => noun.fields(team) });
  const [editing, setEditing] = useState<TeamFieldOut | null>(null);
  return (
    <Modal opened onClose={onClose} size="lg" title={`Fields of ${noun.path}`}>
      <Ready query={query}>
        {(fields) => (
          <Stack>
            {fields.length === 0 ? (
              <Text size="sm" className="quiet">
                The team has none of its own yet. What you add here stands on the page of every {noun.singular}.
              </Text>
            ) : (
              <ul className={classes.fields} aria-label="Fields">
                {fields.map((each) => (
                  <Line key={each.key} noun={noun} team={team} field={each} onEdit={() => setEditing(each)} />
                ))}
              </ul>
            )}
            <Form
              key={editing?.key ?? `new ${fields.length}`}
              noun={noun}
              team={team}
              field={editing}
              onDone={() => setEditing(null)}
            />
          </Stack>
        )}
      </Ready>
    </Modal>
  );
}

type LineProps = Props & { field: TeamFieldOut; onEdit: () => void };

function Line({ noun, team, field, onEdit }: LineProps) {
  const { icon: Icon, label } = kindOf(field);
  const remove = useMutation({
    mutationFn: () => noun.removeField(team, field.key),
    onSuccess: (response) => {
      offerUndo(`Deleted ${field.name}, with its values`, response);
      return refresh(noun, team);
    },
  });
  const options = optionsOf(field).map((each) => each.name);
  return (
    <li>
      <Icon size={16} stroke={1.6} />
      <span className={classes.grow}>
        {field.name}{" "}
        <span className="quiet">
          {label}
          {options.length > 0 && `: ${options.join(", ")}`}
        </span>
      </span>
      <Tooltip label="Change">
        <ActionIcon aria-label={`Change ${field.name}`} onClick={onEdit}>
          <IconPencil size={15} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Delete, with its values">
        <ActionIcon aria-label={`Delete ${field.name}`} loading={remove.isPending} onClick={() => remove.mutate()}>
          <IconTrash size={15} stroke={1.6} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}

type FormProps = Props & { field: TeamFieldOut | null; onDone: () => void };

function Form({ noun, team, field, onDone }: FormProps) {
  const known = field ? optionsOf(field) : [];
  const [name, setName] = useState(field?.name ?? "");
  const [type, setType] = useState<NonNullable<FieldChanges["type"]>>(
    (field?.type as "TAG" | undefined) ?? "TEXT_INPUT",
  );
  const [options, setOptions] = useState(known.map((each) => each.name));
  const form = useForm(async () => {
    const keyed = options.map((each) => ({ key: known.find((option) => option.name === each)?.key, name: each }));
    const changes: FieldChanges = { name: name.trim(), type };
    if (type === "DROPDOWN") changes.dropdownSettings = { items: keyed.map(withoutNothing) };
    if (type === "TAG") {
      changes.tagSettings = { tags: keyed.map(({ key, name: tag }) => withoutNothing({ key, tag })) };
    }
    const response = await (field ? noun.editField(team, field.key, changes) : noun.makeField(team, changes));
    offerUndo(field ? `Changed ${name.trim()}` : `Added ${name.trim()}`, response);
    await refresh(noun, team);
    onDone();
  });
  const at = errorAt(form.error, "name");
  return (
    <form onSubmit={form.submit} aria-label={field ? `Change ${field.name}` : "New field"}>
      <Stack gap="sm">
        <Group grow align="flex-start">
          <TextInput
            label={field ? `New name of ${field.name}` : "New field"}
            data-autofocus
            autoFocus
            error={at}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="It holds"
            data={TYPES}
            value={type}
            allowDeselect={false}
            disabled={field !== null}
            onChange={(value) => value && setType(value as "TAG")}
          />
        </Group>
        {(type === "DROPDOWN" || type === "TAG") && (
          <TagsInput
            label="Options"
            description="Enter after each. One that is taken away is taken from those that have it"
            value={options}
            acceptValueOnBlur
            onChange={setOptions}
          />
        )}
        <Refusal error={at ? null : form.error} />
        <Group justify="flex-end">
          {field && (
            <Button variant="default" onClick={onDone}>
              Cancel
            </Button>
          )}
          <Button type="submit" loading={form.busy} disabled={name.trim() === ""}>
            {field ? "Save" : "Add the field"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function withoutNothing<T extends { key: string | undefined }>(option: T): Omit<T, "key"> & { key?: string } {
  const { key, ...others } = option;
  return key === undefined ? others : { ...others, key };
}

function keyOf(noun: Noun, team: string): unknown[] {
  return ["get", `/v2/teams/{team}/${noun.path}/fields`, { params: { path: { team } } }];
}

function refresh(noun: Noun, team: string): Promise<void> {
  return queries.invalidateQueries({ queryKey: keyOf(noun, team) });
}
