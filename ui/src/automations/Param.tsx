import {
  ActionIcon,
  Autocomplete,
  Button,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { api } from "../api/client";
import type { Refused } from "../api/problem";
import type { ParamOut, PipelineOut } from "../api/schema";
import { PersonPicker } from "../components/PersonPicker";
import { allColumns } from "../table/columns";
import { FilterBuilder } from "../table/FilterBuilder";
import type { Tree } from "../table/filter";
import classes from "./automations.module.css";
import { type Scope, useAutomations, useInbound } from "./scope";

export type ParamProps = {
  param: ParamOut;
  value: unknown;
  scope: Scope;
  /** The server's refusal of this parameter. */
  error?: Refused | undefined;
  onChange: (value: unknown) => void;
};

/** The control for one parameter of a trigger or step, chosen by the parameter's kind. */
export function Param({ param, value, scope, error, onChange }: ParamProps) {
  const { pipeline, teamKey } = scope;
  const label = titled(param.name);
  const common = { label, description: param.description, required: param.required, error: error?.message };
  const text = typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
  const list = Array.isArray(value) ? value.map(String) : [];
  switch (param.kind) {
    case "flag":
      return (
        <Switch
          label={label}
          description={param.description}
          checked={value === true}
          error={error?.message}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "integer":
      return (
        <NumberInput
          {...common}
          allowDecimal={false}
          value={typeof value === "number" ? value : ""}
          onChange={(number) => onChange(typeof number === "number" ? number : undefined)}
        />
      );
    case "choice":
      return <Choice {...common} data={named(param.options ?? [])} value={text} onChange={onChange} />;
    case "stages":
      return <Choices {...common} data={stagesOf(pipeline)} value={list} onChange={onChange} />;
    case "stage":
      if (!pipeline) break;
      return <Choice {...common} data={stagesOf(pipeline)} value={text} onChange={onChange} />;
    case "fields":
      return <Choices {...common} data={fieldsOf(pipeline)} value={list} onChange={onChange} />;
    case "dateField":
      return <Choice {...common} data={fieldsOf(pipeline, "DATE")} value={text} onChange={onChange} />;
    case "users":
      return <PersonPicker {...common} teamKey={teamKey} value={list} onChange={onChange} />;
    case "pipeline":
      return <Pipelines {...common} value={text} onChange={onChange} />;
    case "inbound":
      return <Inbound {...common} scope={scope} value={text} onChange={onChange} />;
    case "automation":
      return <Automations {...common} scope={scope} value={text} onChange={onChange} />;
    case "texts":
      return <TagsInput {...common} splitChars={[","]} acceptValueOnBlur value={list} onChange={onChange} />;
    case "timeZone":
      return <Autocomplete {...common} limit={20} data={ZONES} value={text} onChange={onChange} />;
    case "duration":
      return <Duration label={label} error={error?.message} value={value} onChange={onChange} />;
    case "fieldValues":
      return (
        <Pairs {...common} value={value} {...(pipeline ? { names: fieldsOf(pipeline) } : {})} onChange={onChange} />
      );
    case "map":
      return <Pairs {...common} value={value} onChange={onChange} />;
    case "filter":
      if (!pipeline) return <Json {...common} value={value} onChange={onChange} />;
      return <Filter {...common} refused={error} pipeline={pipeline} value={value} onChange={onChange} />;
    case "json":
      return <Json {...common} value={value} onChange={onChange} />;
  }
  return (
    <Textarea
      {...common}
      autosize
      minRows={param.name === "text" || param.name === "html" || param.name === "message" ? 2 : 1}
      classNames={param.kind === "condition" ? { input: classes.code ?? "" } : {}}
      value={text}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

const ZONES = Intl.supportedValuesOf("timeZone");

type Option = { value: string; label: string };
type Common = { label: string; description: string; required: boolean; error: string | undefined };
type ChoiceProps = Common & { data: Option[]; value: string; onChange: (value: unknown) => void };

/** Chooses one option. A stored value that is not among the options (a template, a name) stays selectable. */
function Choice({ data, value, onChange, ...common }: ChoiceProps) {
  const all = value === "" || data.some((each) => each.value === value) ? data : [...data, { value, label: value }];
  return (
    <Select
      {...common}
      data={all}
      searchable={all.length > 6}
      clearable={!common.required}
      value={value || null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
    />
  );
}

function Choices({ data, value, onChange, ...common }: Omit<ChoiceProps, "value"> & { value: string[] }) {
  const placeholder = value.length === 0 ? "Any" : "";
  return <MultiSelect {...common} data={data} placeholder={placeholder} clearable value={value} onChange={onChange} />;
}

function Pipelines(props: Omit<ChoiceProps, "data">) {
  const query = api.useQuery("get", "/v2/pipelines", {});
  const data = (query.data?.results ?? []).map((each) => ({ value: each.key, label: each.name }));
  return <Choice {...props} data={data} />;
}

type ScopedChoiceProps = Omit<ChoiceProps, "data"> & { scope: Scope };

function Inbound({ scope, ...props }: ScopedChoiceProps) {
  const query = useInbound(scope);
  const data = (query.data?.results ?? []).map((each) => ({ value: each.key, label: each.name }));
  return <Choice {...props} data={data} />;
}

function Automations({ scope, ...props }: ScopedChoiceProps) {
  const query = useAutomations(scope);
  const data = (query.data?.results ?? []).map((each) => ({ value: each.key, label: each.name }));
  return <Choice {...props} data={data} />;
}

type AnyProps = Common & { value: unknown; onChange: (value: unknown) => void };

/** Shows the server's refusal below a control that cannot show it itself. */
function ErrorText({ children }: { children: string }) {
  return (
    <Text size="xs" c="var(--mantine-color-error)" role="alert">
      {children}
    </Text>
  );
}

/** Edits pairs of name and value. If the possible names are known, the user chooses from them. */
function Pairs({ label, description, error, value, names, onChange }: AnyProps & { names?: Option[] }) {
  const [pairs, setPairs] = useState<[string, string][]>(() =>
    Object.entries((value as Record<string, unknown>) ?? {}).map(([name, text]) => [
      name,
      typeof text === "string" ? text : JSON.stringify(text),
    ]),
  );
  const put = (changed: [string, string][]) => {
    setPairs(changed);
    onChange(Object.fromEntries(changed.filter(([name]) => name !== "")));
  };
  return (
    <Stack gap={4} role="group" aria-label={label}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Text size="xs" className="quiet">
        {description}
      </Text>
      {pairs.map(([name, text], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a pair is identified by its position
        <Group key={at} gap={6} wrap="nowrap" align="flex-start">
          {names ? (
            <Select
              aria-label={`${label}: name ${at + 1}`}
              data={names}
              value={name || null}
              onChange={(chosen) => put(pairs.with(at, [chosen ?? "", text]))}
            />
          ) : (
            <TextInput
              aria-label={`${label}: name ${at + 1}`}
              value={name}
              onChange={(event) => put(pairs.with(at, [event.currentTarget.value, text]))}
            />
          )}
          <TextInput
            className={classes.grow}
            aria-label={`${label}: value ${at + 1}`}
            value={text}
            onChange={(event) => put(pairs.with(at, [name, event.currentTarget.value]))}
          />
          <ActionIcon aria-label={`${label}: remove ${at + 1}`} onClick={() => put(pairs.toSpliced(at, 1))}>
            <IconX size={15} />
          </ActionIcon>
        </Group>
      ))}
      <Group>
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<IconPlus size={14} />}
          onClick={() => setPairs([...pairs, ["", ""]])}
        >
          Add to {label.toLowerCase()}
        </Button>
      </Group>
      {error && <ErrorText>{error}</ErrorText>}
    </Stack>
  );
}

type FilterProps = AnyProps & { pipeline: PipelineOut; refused: Refused | undefined };

function Filter({ label, description, pipeline, refused, value, onChange }: FilterProps) {
  const columns = useMemo(() => allColumns(pipeline), [pipeline]);
  return (
    <div role="group" aria-label={label}>
      <Text size="sm" fw={500}>
        {label}
      </Text>
      <Text size="xs" className="quiet" mb={4}>
        {description}
      </Text>
      <FilterBuilder
        tree={(value as Tree | undefined) ?? null}
        columns={columns}
        pipeline={pipeline}
        hasMe={false}
        nothing="Any box."
        at={/^.*?\.with\.\w+/.exec(refused?.field ?? "")?.[0] ?? "filter"}
        error={refused}
        onChange={(tree) => onChange(tree ?? undefined)}
      />
    </div>
  );
}

function Json({ value, onChange, ...common }: AnyProps) {
  const [text, setText] = useState(() => (value === undefined ? "" : JSON.stringify(value, null, 2)));
  const [wrong, setWrong] = useState("");
  return (
    <Textarea
      {...common}
      autosize
      minRows={3}
      spellCheck={false}
      classNames={{ input: classes.code ?? "" }}
      value={text}
      error={wrong || common.error}
      onChange={(event) => {
        const typed = event.currentTarget.value;
        setText(typed);
        try {
          onChange(typed.trim() === "" ? undefined : JSON.parse(typed));
          setWrong("");
        } catch {
          setWrong("This is no JSON yet: texts stand in double quotes");
        }
      }}
    />
  );
}

const UNITS = ["minutes", "hours", "days"];

type DurationProps = Pick<AnyProps, "label" | "error" | "value" | "onChange">;

function Duration({ label, error, value, onChange }: DurationProps) {
  const { amount, unit = "days" } = (value ?? {}) as { amount?: number; unit?: string };
  return (
    <Group gap={6} align={error ? "center" : "flex-end"}>
      <NumberInput
        label={label}
        error={error}
        w={110}
        value={amount ?? ""}
        onChange={(number) => onChange(typeof number === "number" ? { amount: number, unit } : undefined)}
      />
      <Select
        aria-label={`${label}: unit`}
        w={120}
        data={UNITS}
        value={unit}
        allowDeselect={false}
        onChange={(chosen) => amount !== undefined && onChange({ amount, unit: chosen })}
      />
    </Group>
  );
}

function stagesOf(pipeline: PipelineOut | null): Option[] {
  if (!pipeline) return [];
  return pipeline.stageOrder.map((key) => ({ value: key, label: pipeline.stages[key]?.name ?? key }));
}

function fieldsOf(pipeline: PipelineOut | null, type?: string): Option[] {
  return (pipeline?.fields ?? [])
    .filter((each) => type === undefined || each.type === type)
    .map((each) => ({ value: each.key, label: each.name }));
}

function named(options: string[]): Option[] {
  return options.map((each) => ({ value: each, label: each }));
}

/** Writes `dueIn` as "Due in". */
export function titled(name: string): string {
  const words = name.replace(/([A-Z])/g, " $1").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
