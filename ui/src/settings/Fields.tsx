import { ActionIcon, Button, Group, Menu, Modal, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconColumns, IconDots, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../api/client";
import type { FieldOut, PipelineOut } from "../api/schema";
import { useCommands } from "../commands/registry";
import { Empty } from "../components/states";
import { kindOf } from "../fields/kinds";
import { FieldForm, optionsOf } from "./FieldForm";
import { refresh } from "./save";
import classes from "./settings.module.css";

/** Section with the fields of the pipeline. */
export function Fields({ pipeline }: { pipeline: PipelineOut }) {
  const [editing, setEditing] = useState<FieldOut | "new" | null>(null);
  useCommands([
    { id: "new-column", label: "New column", section: "Pipeline", keys: "n c", run: () => setEditing("new") },
  ]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setEditing("new")}>
      New column
    </Button>
  );
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2}>Columns</Title>
        {button}
      </Group>
      {pipeline.fields.length === 0 ? (
        <Empty icon={IconColumns} title="No columns of its own yet" action={button}>
          Every box has a name, a stage and people. Columns hold what else you keep of it: a size, a date, a source.
        </Empty>
      ) : (
        <div className={classes.list}>
          {pipeline.fields.map((each) => (
            <Line key={each.key} pipeline={pipeline.key} field={each} onEdit={() => setEditing(each)} />
          ))}
        </div>
      )}
      {editing && (
        <FieldForm
          pipeline={pipeline}
          {...(editing === "new" ? {} : { field: editing })}
          onClose={() => setEditing(null)}
        />
      )}
    </Stack>
  );
}

function Line({ pipeline, field, onEdit }: { pipeline: string; field: FieldOut; onEdit: () => void }) {
  const kind = kindOf(field);
  const [asking, dialog] = useDisclosure(false);
  const remove = useMutation({
    mutationFn: () =>
      client.DELETE("/v1/pipelines/{pipeline}/fields/{field}", { params: { path: { pipeline, field: field.key } } }),
    onSuccess: dialog.close,
    onSettled: () => refresh(pipeline),
  });
  return (
    <div className={classes.line}>
      <kind.icon size={16} stroke={1.6} aria-hidden="true" />
      <Text span fw={550} className="cut">
        {field.name}
      </Text>
      <Text span className={`quiet cut ${classes.grow}`}>
        {[kind.label, detailOf(field)].filter(Boolean).join(" · ")}
      </Text>
      <Button variant="subtle" size="compact-xs" onClick={onEdit} aria-label={`Edit ${field.name}`}>
        Edit
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`More about ${field.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item color="red" onClick={dialog.open}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal opened={asking} onClose={dialog.close} title={`Delete the column ${field.name}?`}>
        <Stack>
          <Text size="sm">Its values are deleted from all boxes.</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={dialog.close}>
              Keep it
            </Button>
            <Button color="red" data-autofocus loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete
            </Button>
          </Group>
        </Stack>
      </Modal>
    </div>
  );
}

/** Details of the field: its format, its options or its formula. */
function detailOf(field: FieldOut): string {
  const format = field.displayFormat && (field.displayFormat.currency ?? FORMATS[field.displayFormat.type]);
  if (field.type === "FORMULA") {
    const formula = typeof field.defaultValue === "string" ? field.defaultValue : "no formula yet";
    return [format, formula].filter(Boolean).join(" · ");
  }
  return (
    format ??
    optionsOf(field)
      .map((each) => each.name)
      .join(", ")
  );
}

const FORMATS: Record<string, string> = { NUMBER: "numbers", PERCENT: "percent" };
