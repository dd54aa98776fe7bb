import { ActionIcon, Group, NumberInput, Select, Stack, Switch, Text, Textarea, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconTrash } from "@tabler/icons-react";
import { Suspense } from "react";
import type { PipelineOut } from "../api/schema";
import { Loading } from "../components/states";
import { lazily } from "../lib/lazily";
import { withoutStyles } from "../writing/letterText";
import { useOffers } from "../writing/offers";
import classes from "./sequences.module.css";
import { type Step, TYPES } from "./steps";

const Editor = lazily(() => import("../writing/Editor"));

type StepCardProps = {
  step: Step;
  number: number;
  /** Whether a mail was sent before, which this one can answer. */
  follows: boolean;
  isLast: boolean;
  pipeline: PipelineOut;
  error: string | undefined;
  onChange: (step: Step) => void;
  onMove: (by: -1 | 1) => void;
  onRemove: () => void;
};

/** One step of a sequence. */
export function StepCard(props: StepCardProps) {
  const { step, number, isLast, error, onMove, onRemove } = props;
  const { label } = TYPES[step.type] ?? { label: step.type };
  const name = `step ${number}`;
  return (
    <li className={classes.step} aria-label={`Step ${number}: ${label}`}>
      <Group justify="space-between" mb={6}>
        <Text size="sm" fw={600}>
          {number}. {label}
        </Text>
        <Group gap={2}>
          <ActionIcon size="sm" aria-label={`Move ${name} up`} disabled={number === 1} onClick={() => onMove(-1)}>
            <IconArrowUp size={15} stroke={1.6} />
          </ActionIcon>
          <ActionIcon size="sm" aria-label={`Move ${name} down`} disabled={isLast} onClick={() => onMove(1)}>
            <IconArrowDown size={15} stroke={1.6} />
          </ActionIcon>
          <ActionIcon size="sm" aria-label={`Remove ${name}`} onClick={onRemove}>
            <IconTrash size={15} stroke={1.6} />
          </ActionIcon>
        </Group>
      </Group>
      {step.type === "mail" && <Mail {...props} />}
      {step.type === "wait" && <Wait {...props} />}
      {step.type === "task" && <Task {...props} />}
      {step.type === "condition" && <Condition {...props} />}
      {error && (
        <Text size="sm" c="red" mt={6} role="alert">
          {error}
        </Text>
      )}
    </li>
  );
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

function Mail({ step, follows, pipeline, onChange }: StepCardProps) {
  const offers = useOffers(pipeline);
  return (
    <Stack gap="xs">
      <TextInput
        label="Subject"
        placeholder={follows ? "Empty: an answer to the e-mail before" : ""}
        value={text(step.subject)}
        onChange={(event) => onChange({ ...step, subject: event.currentTarget.value })}
      />
      <Suspense fallback={<Loading rows={4} />}>
        <Editor
          label="Text"
          html={withoutStyles(text(step.html))}
          onChange={(html) => onChange({ ...step, html })}
          offers={offers}
          placeholder="Dear {{contact.givenName|customer}}, …"
        />
      </Suspense>
      {follows && (
        <Switch
          label="Begin a new conversation"
          checked={step.newThread === true}
          onChange={(event) => onChange({ ...step, newThread: event.currentTarget.checked })}
        />
      )}
    </Stack>
  );
}

function Wait({ step, onChange }: StepCardProps) {
  return (
    <NumberInput
      maw={200}
      label="Working days"
      min={1}
      max={365}
      value={Number(step.days) || 1}
      onChange={(days) => onChange({ ...step, days: Number(days) || 1 })}
    />
  );
}

function Task({ step, onChange }: StepCardProps) {
  return (
    <Group align="flex-start" gap="xs">
      <Textarea
        style={{ flex: 1, minWidth: 220 }}
        label="What is to be done"
        description="For the user who started the sequence"
        autosize
        value={text(step.text)}
        onChange={(event) => onChange({ ...step, text: event.currentTarget.value })}
      />
      <NumberInput
        w={160}
        label="Due in"
        description="Working days"
        placeholder="No date"
        min={0}
        value={typeof step.dueInDays === "number" ? step.dueInDays : ""}
        onChange={(days) => {
          const { dueInDays, ...rest } = step;
          onChange(days === "" ? (rest as Step) : { ...rest, type: step.type, dueInDays: Number(days) });
        }}
      />
    </Group>
  );
}

function Condition({ step, pipeline, onChange }: StepCardProps) {
  const { field, value } = (step.filter ?? {}) as { field?: string; value?: unknown };
  const isOther = step.filter !== undefined && field !== "stage";
  return (
    <Stack gap="xs">
      {isOther ? (
        <Text size="sm" className="quiet">
          This step has a filter, which the API shows.
        </Text>
      ) : (
        <Select
          label="The box is in the stage"
          placeholder="Any stage"
          clearable
          clearButtonProps={{ "aria-label": "Any stage" }}
          data={pipeline.stageOrder.flatMap((key) => {
            const stage = pipeline.stages[key];
            return stage ? [{ value: key, label: stage.name }] : [];
          })}
          value={typeof value === "string" ? value : null}
          onChange={(key) => {
            const { filter, ...rest } = step;
            onChange(
              key ? { ...rest, type: step.type, filter: { field: "stage", op: "eq", value: key } } : (rest as Step),
            );
          }}
        />
      )}
      <TextInput
        label="And this is true"
        description="An expression as in automations. It may be empty."
        placeholder="fields.Size > 100"
        value={text(step.condition)}
        onChange={(event) => {
          const { condition, ...rest } = step;
          const typed = event.currentTarget.value;
          onChange(typed ? { ...rest, type: step.type, condition: typed } : (rest as Step));
        }}
      />
      <Select
        label="Otherwise"
        allowDeselect={false}
        data={[
          { value: "stop", label: "End the sequence" },
          { value: "skip", label: "Leave out the next step" },
        ]}
        value={text(step.else) || "stop"}
        onChange={(otherwise) => onChange({ ...step, else: otherwise ?? "stop" })}
      />
    </Stack>
  );
}
