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
import { useEffect, useState } from "react";
import type { PipelineOut } from "../api/schema";
import { optionsOf } from "../fields/options";
import { readDate } from "../lib/dates";
import { nameOf } from "../parts/People";
import { usePeople } from "../parts/PersonPicker";
import type { Column } from "./columns";
import { begun, branch, isTest, membersOf, opsOf, type Test, type Tree } from "./filter";

type BuilderProps = {
  tree: Tree | null;
  columns: ReadonlyMap<string, Column>;
  pipeline: PipelineOut;
  onChange: (tree: Tree | null) => void;
};

/** Builds a filter of tests, all or any of which must hold, with groups inside. */
export function FilterBuilder({ tree, columns, pipeline, onChange }: BuilderProps) {
  return (
    <Stack gap="xs" w={{ base: "86vw", sm: 600 }}>
      <Branch tree={tree} depth={0} columns={columns} pipeline={pipeline} onChange={onChange} />
    </Stack>
  );
}

function Branch({ tree, depth, columns, pipeline, onChange }: BuilderProps & { depth: number }) {
  const { word, members } = membersOf(tree);
  const put = (next: Tree[], said = word) => onChange(next.length === 0 ? null : branch(said, next));
  const first = columns.get("name");
  return (
    <Stack gap="xs" pl={depth ? "sm" : 0} style={depth ? { borderLeft: "2px solid var(--line)" } : {}}>
      {members.length === 0 && (
        <Text size="sm" className="quiet">
          Every box is shown. Add a condition to see fewer.
        </Text>
      )}
      {members.length > 1 && (
        <SegmentedControl
          size="xs"
          w="fit-content"
          aria-label="Which must hold"
          value={word}
          onChange={(said) => put(members, said as "and" | "or")}
          data={[
            { value: "and", label: "All of these" },
            { value: "or", label: "Any of these" },
          ]}
        />
      )}
      {members.map((each, at) => {
        const replace = (next: Tree | null) =>
          put(next === null ? members.filter((_, place) => place !== at) : members.with(at, next));
        const key = `${at}`;
        if (isTest(each))
          return <Line key={key} test={each} columns={columns} pipeline={pipeline} onChange={replace} />;
        if ("not" in each) {
          return (
            <Group key={key} gap="xs">
              <Text size="sm">Not: a condition written elsewhere</Text>
              <Remove onClick={() => replace(null)} />
            </Group>
          );
        }
        return (
          <Branch key={key} tree={each} depth={depth + 1} columns={columns} pipeline={pipeline} onChange={replace} />
        );
      })}
      <Group gap="xs">
        <Button
          variant="subtle"
          leftSection={<IconPlus size={14} />}
          onClick={() => first && put([...members, begun(first)])}
        >
          Add a condition
        </Button>
        {depth < 2 && members.length > 0 && (
          <Button
            variant="subtle"
            color="gray"
            onClick={() => first && put([...members, branch(word === "and" ? "or" : "and", [begun(first)])])}
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

type LineProps = {
  test: Test;
  columns: ReadonlyMap<string, Column>;
  pipeline: PipelineOut;
  onChange: (tree: Tree | null) => void;
};

function Line({ test, columns, pipeline, onChange }: LineProps) {
  const column = columns.get(test.field);
  const ops = column ? opsOf(column) : [];
  const op = ops.find((each) => each.op === test.op);
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Select
        comboboxProps={{ withinPortal: false }}
        w={170}
        size="xs"
        searchable
        allowDeselect={false}
        aria-label="Column"
        value={test.field}
        data={[...columns.values()].map((each) => ({ value: each.key, label: each.name }))}
        onChange={(key) => {
          const chosen = key && columns.get(key);
          if (chosen) onChange(begun(chosen));
        }}
      />
      <Select
        comboboxProps={{ withinPortal: false }}
        w={130}
        size="xs"
        allowDeselect={false}
        aria-label="Test"
        value={test.op}
        data={ops.map((each) => ({ value: each.op, label: each.label }))}
        onChange={(said) => {
          const chosen = ops.find((each) => each.op === said);
          if (!chosen) return;
          const keeps = chosen.takes === op?.takes && chosen.takes !== 0;
          onChange({
            field: test.field,
            op: chosen.op,
            ...(keeps && test.value !== undefined ? { value: test.value } : {}),
          });
        }}
      />
      <div style={{ flex: 1, minWidth: 120 }}>
        {column && op && op.takes !== 0 && (
          <Against
            key={`${column.key} ${op.op}`}
            column={column}
            takes={op.takes}
            value={test.value}
            pipeline={pipeline}
            onChange={(value) => onChange({ ...test, value })}
          />
        )}
      </div>
      <Remove onClick={() => onChange(null)} />
    </Group>
  );
}

function Remove({ onClick }: { onClick: () => void }) {
  return (
    <ActionIcon aria-label="Remove this condition" size="md" onClick={onClick}>
      <IconX size={15} />
    </ActionIcon>
  );
}

type AgainstProps = {
  column: Column;
  takes: 1 | 2 | "many";
  value: unknown;
  pipeline: PipelineOut;
  onChange: (value: unknown) => void;
};

/** What is compared with. */
function Against({ column, takes, value, pipeline, onChange }: AgainstProps) {
  const people = usePeople(
    ["user", "users", "people"].includes(column.kind) ? pipeline.teamKey : "",
    pipeline.aclEntries,
  );
  const choices =
    choicesOf(column, pipeline) ??
    (["user", "users", "people"].includes(column.kind)
      ? [{ value: "me", label: "Me" }, ...[...people].map(([key, person]) => ({ value: key, label: nameOf(person) }))]
      : null);
  if (column.kind === "flag") {
    return (
      <Select
        comboboxProps={{ withinPortal: false }}
        size="xs"
        aria-label="Value"
        allowDeselect={false}
        value={String(value ?? true)}
        data={[
          { value: "true", label: "checked" },
          { value: "false", label: "not checked" },
        ]}
        onChange={(said) => onChange(said === "true")}
      />
    );
  }
  if (choices && takes === "many") {
    return (
      <MultiSelect
        comboboxProps={{ withinPortal: false }}
        size="xs"
        searchable
        aria-label="Values"
        data={choices}
        value={Array.isArray(value) ? value.map(String) : []}
        onChange={onChange}
      />
    );
  }
  if (choices) {
    return (
      <Select
        comboboxProps={{ withinPortal: false }}
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
        <Words column={column} value={least} onChange={(said) => onChange([said, most])} label="From" />
        <Words column={column} value={most} onChange={(said) => onChange([least, said])} label="To" />
      </Group>
    );
  }
  if (takes === "many") {
    const said = Array.isArray(value) ? value : [];
    return (
      <Words
        column={column}
        value={said[0]}
        onChange={(one) => onChange(one === undefined ? [] : [one])}
        label="Value"
      />
    );
  }
  return <Words column={column} value={value} onChange={onChange} label="Value" />;
}

function choicesOf(column: Column, pipeline: PipelineOut): { value: string; label: string }[] | null {
  if (column.kind === "stage")
    return pipeline.stageOrder.map((key) => ({ value: key, label: pipeline.stages[key]?.name ?? key }));
  if (column.field && (column.kind === "option" || column.kind === "tags"))
    return optionsOf(column.field).map((each) => ({ value: each.key, label: each.name }));
  return null;
}

type WordsProps = { column: Column; value: unknown; onChange: (value: unknown) => void; label: string };

/** Typed: a date in words, a number, or text. The filter follows a moment behind the typing. */
function Words({ column, value, onChange, label }: WordsProps) {
  const [words, setWords] = useState(written(column, value));
  const [wrong, setWrong] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: told when the words change
  useEffect(() => {
    if (words === written(column, value)) return;
    const timer = setTimeout(async () => {
      const said = await meant(column, words);
      setWrong(said === undefined && words.trim() !== "");
      onChange(said);
    }, 250);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <TextInput
      size="xs"
      aria-label={label}
      placeholder={column.kind === "moment" ? "today, next fri, 12 Mar" : ""}
      value={words}
      error={wrong}
      onChange={(event) => setWords(event.currentTarget.value)}
    />
  );
}

const DAY = 86_400_000;

function written(column: Column, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (column.kind === "moment" && typeof value === "number") return new Date(value).toISOString().slice(0, 10);
  if (column.kind === "length") return String(Number(value) / DAY);
  return String(value);
}

async function meant(column: Column, words: string): Promise<unknown> {
  const plain = words.trim();
  if (plain === "") return undefined;
  if (column.kind === "moment") return (await readDate(plain)) ?? undefined;
  const number = Number(plain.replaceAll(",", ""));
  if (column.kind === "length") return Number.isFinite(number) ? number * DAY : undefined;
  if (column.kind === "number") return Number.isFinite(number) ? number : undefined;
  if (column.kind === "text" && Number.isFinite(number) && !/^0\d/.test(plain)) return number;
  return words;
}
