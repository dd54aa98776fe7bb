import { Button, Menu, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconAdjustments, IconArrowsSort, IconLayoutColumns, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useSearchParams } from "react-router";
import type { PipelineOut } from "../api/schema";
import { kindOf } from "../fields/kinds";
import { CopyAsCode } from "../parts/CopyAsCode";
import { STAGE } from "./arrange";
import classes from "./Board.module.css";
import type { Liking } from "./liking";
import type { Asked } from "./useBoard";

type ToolsProps = {
  pipeline: PipelineOut;
  asked: Asked;
  liking: Liking;
  like: (change: Partial<Liking>) => void;
  by: string;
  shown: string[];
};

const STALE = [0, 3, 7, 14, 30, 90];
const LISTS = ["TAG", "PERSON", "TEAM_CONTACT", "TEAM_ORGANIZATION"];
const SORTS = [
  { value: "", label: "Oldest first" },
  { value: "-creationTimestamp", label: "Newest first" },
  { value: "lastStageChangeTimestamp", label: "Longest in the stage" },
  { value: "-lastUpdatedTimestamp", label: "Changed last" },
  { value: "name", label: "Name" },
];

/** What the columns stand for, the order, and what is on the cards. */
export function Tools({ pipeline, asked, liking, like, by, shown }: ToolsProps) {
  const [search, setSearch] = useSearchParams();
  const [words, setWords] = useState(search.get("q") ?? "");
  const turn = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const find = useDebouncedCallback((value: string) => turn("q", value.trim()), 250);
  const dropdowns = pipeline.fields.filter((field) => field.type === "DROPDOWN");
  const sorts = pipeline.fields
    .filter((field) => !LISTS.includes(field.type))
    .flatMap((field) => [
      { value: field.key, label: `${field.name}, least first` },
      { value: `-${field.key}`, label: `${field.name}, most first` },
    ]);
  return (
    <div className={classes.tools} role="toolbar" aria-label="Board">
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
        value={by}
        onChange={(value) => turn("by", value === STAGE ? null : value)}
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
        value={asked.sort ?? ""}
        onChange={(value) => turn("sort", value)}
        data={[...SORTS, ...sorts]}
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
                  like({ fields: on ? shown.filter((each) => each !== field.key) : [...shown, field.key] })
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
          <Menu.RadioGroup value={String(liking.staleAfter)} onChange={(days) => like({ staleAfter: Number(days) })}>
            {STALE.map((days) => (
              <Menu.RadioItem key={days} value={String(days)}>
                {days === 0 ? "Never" : `${days} days`}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Dropdown>
      </Menu>
      <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/board`, query: asked }} />
    </div>
  );
}
