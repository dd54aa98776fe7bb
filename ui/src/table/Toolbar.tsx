import {
  ActionIcon,
  Button,
  Checkbox,
  Group,
  Menu,
  Popover,
  ScrollArea,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import {
  IconArrowsSort,
  IconColumns3,
  IconPin,
  IconPinFilled,
  IconPlus,
  IconStack2,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import type { PipelineOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import type { Column } from "./columns";
import { FilterTool } from "./FilterTool";
import type { Tree } from "./filter";
import type { Change, Layout, TableState } from "./state";

type ToolbarProps = {
  pipeline: PipelineOut;
  state: TableState;
  columns: ReadonlyMap<string, Column>;
  change: (change: Change) => void;
  setLayout: (layout: Layout[]) => void;
  query: Record<string, string | number>;
  count: number | undefined;
  /** Opens the filter when this number grows. */
  filterAsked: number;
  /** What is said of the selected cells, in place of the number of boxes. */
  picked: string | null;
  /** Adds a box; null while there is no table to add it to. */
  onNew: (() => void) | null;
  children?: React.ReactNode;
};

/** Toolbar of the table: filter, groups, sort, columns and more. */
export function Toolbar({
  pipeline,
  state,
  columns,
  change,
  setLayout,
  query,
  count,
  picked,
  filterAsked,
  onNew,
  children,
}: ToolbarProps) {
  const setFilter = (tree: Tree | null) =>
    change({ filter: tree === null ? (state.view?.filter ? "" : null) : JSON.stringify(tree) });
  return (
    <Group
      gap={4}
      px="sm"
      py={6}
      wrap="nowrap"
      style={{ borderBottom: "1px solid var(--line)", overflowX: "auto", flex: "none" }}
    >
      {onNew && (
        <Button size="compact-sm" leftSection={<IconPlus size={14} />} onClick={onNew} style={{ flex: "none" }}>
          New box
        </Button>
      )}
      {children}
      <FilterTool pipeline={pipeline} columns={columns} tree={state.filter} onChange={setFilter} asked={filterAsked} />
      <Sorts state={state} columns={columns} change={change} />
      <Grouping state={state} columns={columns} change={change} />
      <Columns layout={state.layout} columns={columns} setLayout={setLayout} />
      <Text size="sm" className="quiet numbers" ml="auto" pl="sm" style={{ whiteSpace: "nowrap" }} role="status">
        {picked ?? (count === undefined ? "" : count === 1 ? "1 box" : `${count.toLocaleString()} boxes`)}
      </Text>
      <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/table`, query }} />
    </Group>
  );
}

type PartProps = { state: TableState; columns: ReadonlyMap<string, Column>; change: (change: Change) => void };

function Sorts({ state, columns, change }: PartProps) {
  const sortable = [...columns.values()].filter((each) => each.sortable);
  const set = (sort: string[]) =>
    change({ sort: sort.length === 0 && !state.view?.sort.length ? null : sort.join(",") });
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button
          variant={state.sort.length ? "light" : "subtle"}
          color={state.sort.length ? "boxwood" : "gray"}
          leftSection={<IconArrowsSort size={15} />}
        >
          Sort
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" w={320}>
          {state.sort.map((each, at) => (
            <Group key={each} gap={6} wrap="nowrap">
              <Select
                comboboxProps={{ withinPortal: false }}
                size="xs"
                flex={1}
                searchable
                allowDeselect={false}
                aria-label="Sort by"
                value={each.replace(/^-/, "")}
                data={sortable.map(({ key, name }) => ({ value: key, label: name }))}
                onChange={(key) => key && set(state.sort.with(at, key))}
              />
              <Select
                comboboxProps={{ withinPortal: false }}
                size="xs"
                w={120}
                allowDeselect={false}
                aria-label="Direction"
                value={each.startsWith("-") ? "-" : "+"}
                data={[
                  { value: "+", label: "lowest first" },
                  { value: "-", label: "highest first" },
                ]}
                onChange={(way) => set(state.sort.with(at, `${way === "-" ? "-" : ""}${each.replace(/^-/, "")}`))}
              />
              <ActionIcon aria-label="Do not sort by it" onClick={() => set(state.sort.filter((key) => key !== each))}>
                <IconTrash size={15} />
              </ActionIcon>
            </Group>
          ))}
          {state.sort.length < 4 && (
            <Select
              comboboxProps={{ withinPortal: false }}
              size="xs"
              searchable
              placeholder="Add a column to sort by"
              aria-label="Add a column to sort by"
              value={null}
              data={sortable
                .filter((each) => !state.sort.some((key) => key.replace(/^-/, "") === each.key))
                .map(({ key, name }) => ({ value: key, label: name }))}
              onChange={(key) => key && set([...state.sort, key])}
            />
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Grouping({ state, columns, change }: PartProps) {
  const name = state.group ? columns.get(state.group)?.name : undefined;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="subtle" color="gray" leftSection={<IconStack2 size={15} />}>
          {name ? `Group: ${name}` : "Group"}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={400} style={{ overflowY: "auto" }}>
        <Menu.Item onClick={() => change({ group: "", closed: null })}>No groups</Menu.Item>
        {[...columns.values()]
          .filter((each) => each.groups)
          .map((each) => (
            <Menu.Item
              key={each.key}
              leftSection={<each.icon size={15} stroke={1.6} />}
              onClick={() => change({ group: each.key, closed: null })}
            >
              {each.name}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}

type ColumnsProps = {
  layout: readonly Layout[];
  columns: ReadonlyMap<string, Column>;
  setLayout: (layout: Layout[]) => void;
};

function Columns({ layout, columns, setLayout }: ColumnsProps) {
  const [words, setWords] = useState("");
  const shown = layout.flatMap((each) => columns.get(each.key) ?? []);
  const hidden = [...columns.values()].filter((each) => !layout.some((entry) => entry.key === each.key));
  const wanted = words.trim().toLowerCase();
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button variant="subtle" color="gray" leftSection={<IconColumns3 size={15} />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <TextInput
          size="xs"
          placeholder="Find a column"
          aria-label="Find a column"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
          mb="xs"
        />
        <ScrollArea.Autosize mah={360} type="auto" w={260}>
          {[...shown, ...hidden]
            .filter((each) => each.name.toLowerCase().includes(wanted))
            .map((each) => {
              const entry = layout.find((place) => place.key === each.key);
              return (
                <Group key={each.key} gap={6} wrap="nowrap" py={3} px={4}>
                  <Checkbox
                    size="xs"
                    flex={1}
                    label={each.name}
                    checked={entry !== undefined}
                    disabled={each.key === "name"}
                    onChange={(event) =>
                      setLayout(
                        event.currentTarget.checked
                          ? [...layout, { key: each.key }]
                          : layout.filter((place) => place.key !== each.key),
                      )
                    }
                  />
                  {entry && (
                    <ActionIcon
                      size="xs"
                      aria-label={entry.frozen ? `Let ${each.name} scroll` : `Freeze ${each.name}`}
                      aria-pressed={entry.frozen === true}
                      onClick={() =>
                        setLayout(
                          layout.map((place) => (place.key === each.key ? { ...place, frozen: !entry.frozen } : place)),
                        )
                      }
                    >
                      {entry.frozen ? <IconPinFilled size={13} /> : <IconPin size={13} />}
                    </ActionIcon>
                  )}
                </Group>
              );
            })}
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
