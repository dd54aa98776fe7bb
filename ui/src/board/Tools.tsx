import { Button, Menu, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconAdjustments, IconArrowsSort, IconLayoutColumns, IconSearch } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import type { PipelineOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import { kindOf } from "../fields/kinds";
import type { Column } from "../table/columns";
import { FilterTool } from "../table/FilterTool";
import { STAGE } from "./arrange";
import classes from "./Board.module.css";
import type { BoardPreferences } from "./preferences";
import type { BoardState } from "./state";
import type { BoardQuery } from "./useBoard";

type ToolsProps = {
  pipeline: PipelineOut;
  state: BoardState;
  columns: ReadonlyMap<string, Column>;
  change: (change: Record<string, string | null>) => void;
  words: string;
  boardQuery: BoardQuery;
  preferences: BoardPreferences;
  setPreferences: (change: Partial<BoardPreferences>) => void;
  shown: string[];
  count: number | undefined;
  /** The button for saved views. */
  children: ReactNode;
};

const STALE = [0, 3, 7, 14, 30, 90];
const LISTS = ["TAG", "PERSON", "TEAM_CONTACT", "TEAM_ORGANIZATION"];
const SORTS = [
  { value: "", label: "As arranged" },
  { value: "creationTimestamp", label: "Oldest first" },
  { value: "-creationTimestamp", label: "Newest first" },
  { value: "lastStageChangeTimestamp", label: "Longest in the stage" },
  { value: "-lastUpdatedTimestamp", label: "Changed last" },
  { value: "name", label: "Name" },
];

/** Toolbar of the board: what the lanes stand for, the order, and the fields on the cards. */
export function Tools({
  pipeline,
  state,
  columns,
  change,
  words: before,
  boardQuery,
  preferences,
  setPreferences,
  shown,
  count,
  children,
}: ToolsProps) {
  const [words, setWords] = useState(before);
  const { view } = state;
  /** A value that the view has already is removed from the address. */
  const put = (name: "by" | "sort", value: string, held: string) => change({ [name]: value === held ? null : value });
  const find = useDebouncedCallback((value: string) => change({ q: value.trim() || null }), 250);
  const sort = state.sort.join(",");
  const dropdowns = pipeline.fields.filter((field) => field.type === "DROPDOWN");
  const sorts = pipeline.fields
    .filter((field) => !LISTS.includes(field.type))
    .flatMap((field) => [
      { value: field.key, label: `${field.name}, least first` },
      { value: `-${field.key}`, label: `${field.name}, most first` },
    ]);
  const orders = [...SORTS, ...sorts];
  const grouped = view?.group && dropdowns.some((field) => field.key === view.group) ? view.group : STAGE;
  return (
    <div className={classes.tools} role="toolbar" aria-label="Board">
      {children}
      <FilterTool
        pipeline={pipeline}
        columns={columns}
        tree={state.filter}
        onChange={(tree) => change({ filter: tree === null ? (view?.filter ? "" : null) : JSON.stringify(tree) })}
      />
      <TextInput
        size="xs"
        w={180}
        type="search"
        aria-label="Find by name"
        placeholder="Find by name"
        leftSection={<IconSearch size={14} stroke={1.6} />}
        value={words}
        onChange={(event) => {
          setWords(event.currentTarget.value);
          find(event.currentTarget.value);
        }}
      />
      <Select
        size="xs"
        w={170}
        aria-label="Columns by"
        leftSection={<IconLayoutColumns size={14} stroke={1.6} />}
        allowDeselect={false}
        value={state.by}
        onChange={(value) => value && put("by", value, grouped)}
        data={[
          { value: STAGE, label: "By stage" },
          ...dropdowns.map((field) => ({ value: field.key, label: `By ${field.name}` })),
        ]}
      />
      <Select
        size="xs"
        w={190}
        aria-label="Order"
        leftSection={<IconArrowsSort size={14} stroke={1.6} />}
        allowDeselect={false}
        value={sort}
        onChange={(value) => put("sort", value ?? "", view?.sort.join(",") ?? "")}
        data={orders.some((each) => each.value === sort) ? orders : [{ value: sort, label: "By several" }, ...orders]}
      />
      <Menu closeOnItemClick={false} position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconAdjustments size={14} stroke={1.6} />}>
            Cards
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
          <Menu.Label>Shown on the cards</Menu.Label>
          {pipeline.fields.length === 0 && <Menu.Item disabled>This pipeline has no fields</Menu.Item>}
          {pipeline.fields.map((field) => {
            const on = shown.includes(field.key);
            const Icon = kindOf(field).icon;
            return (
              <Menu.CheckboxItem
                key={field.key}
                checked={on}
                onChange={() =>
                  setPreferences({ fields: on ? shown.filter((each) => each !== field.key) : [...shown, field.key] })
                }
              >
                <span className={classes.choice}>
                  <Icon size={15} stroke={1.6} />
                  {field.name}
                </span>
              </Menu.CheckboxItem>
            );
          })}
          <Menu.Divider />
          <Menu.Label>Stale when in a stage for more than</Menu.Label>
          <Menu.RadioGroup
            value={String(preferences.staleAfter)}
            onChange={(days) => setPreferences({ staleAfter: Number(days) })}
          >
            {STALE.map((days) => (
              <Menu.RadioItem key={days} value={String(days)}>
                {days === 0 ? "Never" : `${days} days`}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Dropdown>
      </Menu>
      <Text size="sm" className="quiet numbers" ml="auto" style={{ whiteSpace: "nowrap" }} role="status">
        {count === undefined ? "" : count === 1 ? "1 box" : `${count.toLocaleString()} boxes`}
      </Text>
      <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/board`, query: boardQuery }} />
    </div>
  );
}
