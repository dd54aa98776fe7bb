import { Button, Checkbox, Group, Select, Stack, TextInput } from "@mantine/core";
import type { FormOut, PipelineOut } from "../api/schema";
import classes from "./forms.module.css";
import { targetsOf } from "./texts";

type Asked = FormOut["fields"][number];
type Props = {
  pipeline: PipelineOut;
  question: Asked;
  number: number;
  onChange: (question: Asked) => void;
  onRemove: () => void;
  onUp: (() => void) | undefined;
};

/** A question of a form: its label, where the answer goes, and whether it must be answered. */
export function Question({ pipeline, question, number, onChange, onRemove, onUp }: Props) {
  const change = (part: Partial<Asked>) => onChange({ ...question, ...part });
  return (
    <li className={classes.question} aria-label={`Question ${number}`}>
      <Stack gap="xs">
        <Group gap="xs" grow align="flex-start">
          <TextInput
            label="Label"
            required
            value={question.label}
            onChange={(event) => change({ label: event.currentTarget.value })}
          />
          <Select
            label="Goes to"
            allowDeselect={false}
            data={targetsOf(pipeline.fields)}
            value={question.target}
            onChange={(target) => target && change({ target })}
          />
        </Group>
        <TextInput
          label="Help"
          value={question.help}
          onChange={(event) => change({ help: event.currentTarget.value })}
        />
        <Group gap="md">
          <Checkbox
            label="Must be answered"
            checked={question.required}
            disabled={question.hidden}
            onChange={(event) => change({ required: event.currentTarget.checked })}
          />
          <Checkbox
            label="Hidden"
            checked={question.hidden}
            onChange={(event) =>
              change({
                hidden: event.currentTarget.checked,
                required: question.required && !event.currentTarget.checked,
              })
            }
          />
        </Group>
        <Group gap="xs" grow>
          <TextInput
            label="Filled by the parameter"
            placeholder="utm_source"
            value={question.parameter}
            onChange={(event) => change({ parameter: event.currentTarget.value })}
          />
          <TextInput
            label="Otherwise"
            value={question.default}
            onChange={(event) => change({ default: event.currentTarget.value })}
          />
        </Group>
        <Group gap="xs" justify="flex-end">
          {onUp && (
            <Button variant="subtle" size="compact-xs" aria-label={`Move up question ${number}`} onClick={onUp}>
              Move up
            </Button>
          )}
          <Button
            variant="subtle"
            color="red"
            size="compact-xs"
            aria-label={`Remove question ${number}`}
            onClick={onRemove}
          >
            Remove
          </Button>
        </Group>
      </Stack>
    </li>
  );
}
