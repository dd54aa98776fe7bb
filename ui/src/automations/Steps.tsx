import { ActionIcon, Badge, Group, Menu, Select, Stack, Text } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconPlus, IconX } from "@tabler/icons-react";
import type { Refused } from "../api/problem";
import type { CatalogueOut } from "../api/schema";
import classes from "./automations.module.css";
import { Param } from "./Param";
import { newStep, type Step } from "./rule";
import type { Scope } from "./scope";

type StepsProps = {
  steps: Step[];
  catalogue: CatalogueOut;
  scope: Scope;
  label: string;
  /** The member that holds the steps in the request, and the server's refusal of something in it. */
  at: string;
  error: Refused | undefined;
  onChange: (steps: Step[]) => void;
};

/** Steps in the order in which they run. A branch holds steps itself. */
export function Steps({ steps, catalogue, scope, label, at: path, error, onChange }: StepsProps) {
  const move = (at: number, to: number) => {
    const step = steps[at];
    if (step) onChange(steps.toSpliced(at, 1).toSpliced(to, 0, step));
  };
  return (
    <div className={classes.steps} role="group" aria-label={label}>
      {steps.map((step, at) => (
        <StepCard
          key={step.uid}
          step={step}
          number={at + 1}
          catalogue={catalogue}
          scope={scope}
          at={`${path}[${at}]`}
          error={error?.field.startsWith(`${path}[${at}]`) ? error : undefined}
          onChange={(changed) => onChange(steps.with(at, changed))}
          onUp={at > 0 ? () => move(at, at - 1) : undefined}
          onDown={at < steps.length - 1 ? () => move(at, at + 1) : undefined}
          onRemove={() => onChange(steps.toSpliced(at, 1))}
        />
      ))}
      <Select
        aria-label={`Add a step to ${label.toLowerCase()}`}
        placeholder="Add a step"
        leftSection={<IconPlus size={15} />}
        w={280}
        searchable
        data={catalogue.steps.map((each) => ({ value: each.type, label: each.description }))}
        value={null}
        onChange={(type) => type && onChange([...steps, newStep(type)])}
      />
    </div>
  );
}

type CardProps = {
  step: Step;
  number: number;
  catalogue: CatalogueOut;
  scope: Scope;
  at: string;
  error: Refused | undefined;
  onChange: (step: Step) => void;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
  onRemove: () => void;
};

function StepCard({ step, number, catalogue, scope, at, error, onChange, onUp, onDown, onRemove }: CardProps) {
  const kind = catalogue.steps.find((each) => each.type === step.type);
  const title = kind?.description ?? step.type;
  const shown = (kind?.params ?? []).filter((each) => each.required || each.name in step.with);
  const isPlaced = [...shown.map((each) => `.with.${each.name}`), ".then", ".else"].some((each) =>
    error?.field.startsWith(at + each),
  );
  return (
    <section className={classes.card} aria-label={`Step ${number}: ${title}`}>
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <Group gap="xs">
          <Badge variant="light" color="gray" c="var(--strong)">
            {number}
          </Badge>
          <Text fw={600}>{title}</Text>
        </Group>
        <Group gap={2} wrap="nowrap">
          <ActionIcon aria-label={`Move step ${number} up`} disabled={!onUp} onClick={onUp}>
            <IconArrowUp size={15} />
          </ActionIcon>
          <ActionIcon aria-label={`Move step ${number} down`} disabled={!onDown} onClick={onDown}>
            <IconArrowDown size={15} />
          </ActionIcon>
          <ActionIcon aria-label={`Remove step ${number}`} onClick={onRemove}>
            <IconX size={15} />
          </ActionIcon>
        </Group>
      </Group>
      <Stack gap="sm">
        {shown.map(control)}
        <OptionalParams
          names={(kind?.params ?? []).filter((each) => !each.required && !(each.name in step.with))}
          onAdd={(name, kindOf) => onChange({ ...step, with: { ...step.with, [name]: initialValue(kindOf) } })}
        />
      </Stack>
      {error && !isPlaced && (
        <Text size="xs" c="var(--mantine-color-error)" role="alert" mt={4}>
          {error.message}
        </Text>
      )}
      {step.type === "branch" && (
        <>
          <BranchSteps
            title="If it holds"
            steps={step.yes ?? []}
            at={`${at}.then`}
            error={error}
            catalogue={catalogue}
            scope={scope}
            onChange={(changed) => onChange({ ...step, yes: changed })}
          />
          <BranchSteps
            title="Otherwise"
            steps={step.no ?? []}
            at={`${at}.else`}
            error={error}
            catalogue={catalogue}
            scope={scope}
            onChange={(changed) => onChange({ ...step, no: changed })}
          />
        </>
      )}
    </section>
  );

  function control(param: NonNullable<typeof kind>["params"][number]) {
    return (
      <Param
        key={param.name}
        param={param}
        value={step.with[param.name]}
        scope={scope}
        error={error?.field.startsWith(`${at}.with.${param.name}`) ? error : undefined}
        onChange={(value) => onChange({ ...step, with: { ...step.with, [param.name]: value } })}
      />
    );
  }
}

type BranchStepsProps = Pick<StepsProps, "steps" | "catalogue" | "scope" | "at" | "error" | "onChange"> & {
  title: string;
};

function BranchSteps({ title, ...steps }: BranchStepsProps) {
  return (
    <div className={classes.way}>
      <p className={classes.word}>{title}</p>
      <Steps label={title} {...steps} />
    </div>
  );
}

/** The initial value of a parameter. */
function initialValue(kind: string): unknown {
  if (kind === "flag") return true;
  if (kind === "fieldValues" || kind === "map") return {};
  return kind === "users" || kind === "texts" || kind === "stages" || kind === "fields" ? [] : "";
}

type Named = { name: string; kind: string; description: string };

/** Menu of optional parameters that are not set yet. */
function OptionalParams({ names, onAdd }: { names: Named[]; onAdd: (name: string, kind: string) => void }) {
  if (names.length === 0) return null;
  return (
    <Menu>
      <Menu.Target>
        <Text span size="sm" className={classes.name} role="button" tabIndex={0}>
          More that can be said …
        </Text>
      </Menu.Target>
      <Menu.Dropdown>
        {names.map((each) => (
          <Menu.Item key={each.name} onClick={() => onAdd(each.name, each.kind)}>
            {each.name}
            <Text size="xs" className="quiet">
              {each.description}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
