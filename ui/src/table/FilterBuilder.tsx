import {
  ActionIcon,
  Button,
  Group,
  MultiSelect,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import type { PipelineOut } from "../api/schema";
import { nameOf } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import { optionsOf } from "../fields/options";
import { amountIn } from "../lib/amounts";
import { readFilterDate } from "../lib/dates";
import type { Column } from "./columns";
import classes from "./FilterBuilder.module.css";
import { branch, isTest, membersOf, newTest, opsOf, placeOf, type Test, type Tree, type Word } from "./filter";
import { Linked } from "./Linked";

type BuilderProps = {
  tree: Tree | null;
  columns: ReadonlyMap<string, Column>;
  pipeline: PipelineOut;
  onChange: (tree: Tree | null) => void;
  /** Text that explains an empty filter. */
  nothing?: string;
  /** Whether "me" (the user who views the result) is offered. A rule that applies to everyone names users instead. */
  hasMe?: boolean;
  /** False if a click outside would close the builder, such as in a popover. */
  portal?: boolean;
  /** The member of the request that holds the filter, and the server's refusal of something in it. */
  at?: string;
  error?: { field: string; message: string } | undefined;
};

type NestedProps = Required<Omit<BuilderProps, "nothing" | "error">> & Pick<BuilderProps, "error">;

/** Edits a filter: a list of tests of which all, any or none must hold, with nested groups. */
export function FilterBuilder({
  nothing = "Every box is shown. Add a condition to see fewer.",
  hasMe = true,
  portal = true,
  at = "filter",
  tree: given,
  onChange,
  ...props
}: BuilderProps) {
  const { tree, change, version } = useEdited(given, onChange);
  return (
    <div>
      {membersOf(tree).members.length === 0 && (
        <Text size="sm" className="quiet" mb="xs">
          {nothing}
        </Text>
      )}
      <Branch key={version} depth={0} hasMe={hasMe} portal={portal} at={at} tree={tree} onChange={change} {...props} />
      {props.error?.field === at && <ErrorText>{props.error.message}</ErrorText>}
    </div>
  );
}

/**
 * The tree while it is edited. Each change shows at once, although the page that holds the filter follows later: what is
 * typed meanwhile would be lost. Another tree from outside replaces it and has another `version`.
 */
function useEdited(given: Tree | null, onChange: (tree: Tree | null) => void) {
  const [tree, setTree] = useState(given);
  const [seen, setSeen] = useState(JSON.stringify(given));
  const [version, setVersion] = useState(0);
  const sent = useRef<string[]>([]);
  const now = JSON.stringify(given);
  if (now !== seen) {
    setSeen(now);
    if (!sent.current.includes(now)) {
      setTree(given);
      setVersion(version + 1);
    }
  }
  useEffect(() => {
    sent.current = sent.current.slice(sent.current.indexOf(seen) + 1 || sent.current.length);
  }, [seen]);
  const change = (next: Tree | null) => {
    sent.current = [...sent.current, JSON.stringify(next)];
    setTree(next);
    onChange(next);
  };
  return { tree, change, version };
}

const WORDS = [
  { value: "and", label: "All of these" },
  { value: "or", label: "Any of these" },
  { value: "not", label: "None of these" },
];

function Branch({ depth, ...props }: NestedProps & { depth: number }) {
  const { tree, columns, onChange } = props;
  const { word, members } = membersOf(tree);
  const put = (next: Tree[], chosen: Word = word) => onChange(next.length === 0 ? null : branch(chosen, next));
  const first = columns.get("name");
  return (
    <Stack gap="xs" {...(depth > 0 && { className: classes.inner ?? "" })}>
      {(members.length > 1 || word === "not" || depth > 0) && (
        <SegmentedControl
          size="xs"
          w="fit-content"
          aria-label="Which must hold"
          value={word}
          onChange={(chosen) => put(members, chosen as Word)}
          data={WORDS}
        />
      )}
      {members.map((each, place) => {
        const inner = {
          ...props,
          at: placeOf(tree, props.at, place),
          onChange: (next: Tree | null) =>
            put(next === null ? members.filter((_, other) => other !== place) : members.with(place, next)),
        };
        const key = `${place}`;
        if (isTest(each)) return <Line key={key} {...inner} test={each} />;
        return <Branch key={key} {...inner} tree={each} depth={depth + 1} />;
      })}
      <Group gap="xs">
        <Button
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => first && put([...members, newTest(first)])}
        >
          Add a condition
        </Button>
        {depth < 2 && members.length > 0 && (
          <Button
            variant="subtle"
            color="gray"
            onClick={() => first && put([...members, branch(word === "and" ? "or" : "and", [newTest(first)])])}
          >
            Add a group
          </Button>
        )}
        {depth === 0 && members.length > 0 && (
          <Button variant="subtle" color="gray" onClick={() => onChange(null)}>
            Clear
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Line({
  test,
  columns,
  pipeline,
  hasMe,
  portal,
  at,
  error,
  onChange,
}: Omit<NestedProps, "tree"> & { test: Test }) {
  const column = columns.get(test.field);
  const ops = column ? opsOf(column) : [];
  const op = ops.find((each) => each.op === test.op);
  const here = error && (error.field === at || error.field.startsWith(`${at}.`));
  return (
    <div>
      <div className={classes.line}>
        <Select
          comboboxProps={{ withinPortal: portal }}
          className={classes.column ?? ""}
          size="xs"
          searchable
          allowDeselect={false}
          aria-label="Column"
          value={test.field}
          data={columnsFor(test, columns)}
          onChange={(key) => {
            const chosen = key && columns.get(key);
            if (chosen) onChange(newTest(chosen));
          }}
        />
        <Select
          comboboxProps={{ withinPortal: portal }}
          className={classes.op ?? ""}
          size="xs"
          allowDeselect={false}
          aria-label="Test"
          value={test.op}
          data={op ? ops.map(asChoice) : [{ value: test.op, label: test.op }, ...ops.map(asChoice)]}
          onChange={(name) => {
            const chosen = ops.find((each) => each.op === name);
            if (!chosen) return;
            const keeps = chosen.takes === op?.takes && chosen.takes !== 0;
            onChange({
              field: test.field,
              op: chosen.op,
              ...(keeps && test.value !== undefined ? { value: test.value } : {}),
            });
          }}
        />
        <div className={classes.against}>
          {column && op && op.takes !== 0 && (
            <ValueInput
              key={`${column.key} ${op.takes}`}
              column={column}
              takes={op.takes}
              value={test.value}
              pipeline={pipeline}
              hasMe={hasMe}
              portal={portal}
              onChange={(value) => onChange({ ...test, value })}
            />
          )}
        </div>
        <ActionIcon aria-label="Remove this condition" size="md" onClick={() => onChange(null)}>
          <IconX size={15} />
        </ActionIcon>
      </div>
      {here && <ErrorText>{error.message}</ErrorText>}
    </div>
  );
}

function ErrorText({ children }: { children: string }) {
  return (
    <Text size="xs" c="var(--mantine-color-error)" role="alert" mt={2}>
      {children}
    </Text>
  );
}

/** The columns to choose from, plus the test's own column if it was deleted or is not offered here. */
function columnsFor(test: Test, columns: ReadonlyMap<string, Column>): { value: string; label: string }[] {
  const known = [...columns.values()].map((each) => ({ value: each.key, label: each.name }));
  return columns.has(test.field) ? known : [{ value: test.field, label: `${test.field} (not here)` }, ...known];
}

const asChoice = ({ op, label }: { op: string; label: string }) => ({ value: op, label });

type ValueInputProps = {
  column: Column;
  takes: 1 | 2 | "many";
  value: unknown;
  pipeline: PipelineOut;
  hasMe: boolean;
  portal: boolean;
  onChange: (value: unknown) => void;
};

const PEOPLE = ["user", "users", "people"];

/** The control for the value that a test compares with. */
function ValueInput({ column, takes, value, pipeline, hasMe, portal, onChange }: ValueInputProps) {
  const isPeople = PEOPLE.includes(column.kind);
  const people = usePeople(isPeople ? pipeline.teamKey : "", pipeline.aclEntries);
  const choices = isPeople
    ? [
        ...(hasMe ? [{ value: "me", label: "Me" }] : []),
        ...[...people].map(([key, person]) => ({ value: key, label: nameOf(person) })),
      ]
    : choicesOf(column, pipeline);
  // A rule that names users instead of "me" also names fixed dates.
  const typed = { column, relative: hasMe };
  if (column.kind === "flag") {
    return (
      <Select
        comboboxProps={{ withinPortal: portal }}
        size="xs"
        aria-label="Value"
        allowDeselect={false}
        value={String(value ?? true)}
        data={[
          { value: "true", label: "checked" },
          { value: "false", label: "not checked" },
        ]}
        onChange={(chosen) => onChange(chosen === "true")}
      />
    );
  }
  if (column.kind === "contacts" || column.kind === "organizations") {
    return <Linked portal={portal} noun={column.kind} teamKey={pipeline.teamKey} value={value} onChange={onChange} />;
  }
  if (choices && takes === "many") {
    return (
      <MultiSelect
        comboboxProps={{ withinPortal: portal }}
        size="xs"
        searchable
        aria-label="Values"
        data={choices}
        value={Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)]}
        onChange={onChange}
      />
    );
  }
  if (choices) {
    return (
      <Select
        comboboxProps={{ withinPortal: portal }}
        size="xs"
        searchable
        aria-label="Value"
        data={choices}
        value={value === undefined ? null : String(value)}
        onChange={onChange}
      />
    );
  }
  if (takes === 2) {
    const [least, most] = Array.isArray(value) ? value : [];
    return (
      <Group gap={4} wrap="nowrap">
        <Words {...typed} value={least} onChange={(chosen) => onChange([chosen, most])} label="From" />
        <Words {...typed} value={most} onChange={(chosen) => onChange([least, chosen])} label="To" />
      </Group>
    );
  }
  if (takes === "many") {
    const chosen = Array.isArray(value) ? value : [];
    return (
      <Words {...typed} value={chosen[0]} onChange={(key) => onChange(key === undefined ? [] : [key])} label="Value" />
    );
  }
  return <Words {...typed} value={value} onChange={onChange} label="Value" />;
}

function choicesOf(column: Column, pipeline: PipelineOut): { value: string; label: string }[] | null {
  if (column.kind === "stage")
    return pipeline.stageOrder.map((key) => ({ value: key, label: pipeline.stages[key]?.name ?? key }));
  if (column.field && (column.kind === "option" || column.kind === "tags"))
    return optionsOf(column.field).map((each) => ({ value: each.key, label: each.name }));
  return null;
}

type WordsProps = {
  column: Column;
  value: unknown;
  /** Whether a date may be relative to the day on which the filter is used. */
  relative: boolean;
  onChange: (value: unknown) => void;
  label: string;
};

/** A typed date, number or text. The filter follows shortly after the typing, or when the focus leaves. */
function Words({ column, value, relative, onChange, label }: WordsProps) {
  const [words, setWords] = useState(formatValue(column, value));
  const [wrong, setWrong] = useState(false);
  const [applied, setApplied] = useState(words);
  // A date is read later than it is typed: its test may be another one by then, or gone.
  const latest = useRef<((value: unknown) => void) | null>(null);
  useEffect(() => {
    latest.current = onChange;
    return () => {
      latest.current = null;
    };
  }, [onChange]);
  const apply = async () => {
    setApplied(words);
    const meaning = await parseWords(column, words, relative);
    setWrong(meaning === undefined && words.trim() !== "");
    latest.current?.(meaning);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the words change
  useEffect(() => {
    if (words === applied) return;
    const timer = setTimeout(() => void apply(), 250);
    return () => clearTimeout(timer);
  }, [words, applied]);
  return (
    <TextInput
      size="xs"
      aria-label={label}
      placeholder={column.kind === "moment" ? "today, last fri, 12 Mar" : ""}
      value={words}
      error={wrong}
      onChange={(event) => setWords(event.currentTarget.value)}
      onBlur={() => words !== applied && void apply()}
    />
  );
}

const DAY = 86_400_000;

function formatValue(column: Column, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (column.kind === "moment" && typeof value === "number") return new Date(value).toISOString().slice(0, 10);
  if (column.kind === "length") return String(Number(value) / DAY);
  return String(value);
}

async function parseWords(column: Column, words: string, relative: boolean): Promise<unknown> {
  const plain = words.trim();
  if (plain === "") return undefined;
  if (column.kind === "moment") return (await readFilterDate(plain, relative)) ?? undefined;
  // Words go to the server as they are typed: it reads amounts in them as in the fields.
  if (column.kind !== "length" && column.kind !== "number") return words;
  const number = amountIn(plain);
  if (number === null) return undefined;
  return column.kind === "length" ? number * DAY : number;
}
