import { Button } from "@mantine/core";
import { IconFilterOff } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { type Box, type Edit, useEditBox } from "../api/boxes";
import { api, client } from "../api/client";
import { preloadNames } from "../api/names";
import type { TableGroup } from "../api/schema";
import { changeOf, remember, undo } from "../api/undo";
import { usePipeline } from "../app/pipeline";
import { useSiblingsOf } from "../box/siblings";
import { useCommands } from "../commands/registry";
import { Empty, Failed, Loading } from "../components/states";
import { failed, undoable } from "../components/toasts";
import { asNumber } from "../fields/compare";
import { lazily } from "../lib/lazily";
import { useSearch } from "../lib/search";
import { useStable } from "../lib/useStable";
import { Bulk, type Dialog } from "../table/Bulk";
import { asText } from "../table/columns";
import { branch, membersOf, newTest } from "../table/filter";
import { useFittingWidths } from "../table/fit";
import { type Cell, Grid, type GridHandle } from "../table/Grid";
import { Paste } from "../table/Paste";
import { cellEdit, readPasted, split } from "../table/paste";
import { type Block, clear, copied, fill, pasteInto, summary, tiled } from "../table/range";
import { contentOf, useTableState } from "../table/state";
import { Toolbar } from "../table/Toolbar";
import { itemsOf, useIndex } from "../table/useIndex";
import { Views } from "../table/Views";
import classes from "./Table.module.css";

const FieldForm = lazily(() => import("../settings/FieldForm").then((file) => ({ default: file.FieldForm })));
const NO_VIEWS: never[] = [];
const NONE: ReadonlySet<string> = new Set();

/** Screen with the boxes of a pipeline as a table, with groups, sort, filters and editing in place. */
export default function Table() {
  const pipeline = usePipeline();
  const path = { pipeline: pipeline.key };
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/views", { params: { path } });
  const views = query.data?.results ?? NO_VIEWS;
  const { state, columns, change, setLayout } = useTableState(pipeline, views);
  const table = useIndex(pipeline.key, state, columns);
  const { rows, shown } = table;
  const data = table.request.data;
  const items = useMemo(() => itemsOf(data, state.closed, true), [data, state.closed]);
  const order = useMemo(() => items.flatMap((each) => (each.type === "row" ? [each.id] : [])), [items]);
  useMemo(() => rows.arrange(order), [rows, order]);
  useSiblingsOf(order);
  const fits = useFittingWidths(shown, data?.results, pipeline);
  const [selected, setSelected] = useState(NONE);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [pasted, setPasted] = useState<{ lines: string[][]; cell: Cell | null } | null>(null);
  const [, setSearch] = useSearch();
  const grid = useRef<GridHandle>(null);
  const { mutate } = useEditBox();

  const onEdit = useStable((box: Box, given: Edit, seen?: Partial<Box>) => {
    const [member] = Object.keys(given);
    const fieldKey = Object.keys(given.fields ?? {})[0];
    const name = fieldKey
      ? columns.get(fieldKey)?.name
      : columns.get(member === "stageKey" ? "stage" : member === "assignees" ? "assignee" : (member ?? ""))?.name;
    mutate({
      box,
      edit: given,
      ...(seen ? { shown: seen } : {}),
      says: given.stageKey ? `Moved to ${pipeline.stages[given.stageKey]?.name}` : `Changed ${name ?? "the box"}`,
    });
  });
  const openTo = (key: string, more: [string, string][] = []) =>
    setSearch(
      (before) => new URLSearchParams([...[...before].filter(([name]) => name !== "box"), ["box", key], ...more]),
    );
  const onOpen = useStable((key: string) => openTo(key));

  const create = useMutation({
    mutationFn: async ({ group, name }: { group: TableGroup; name: string }) => {
      const start = startOf(state.group, group, columns.get(state.group)?.kind);
      const { response } = await client.POST("/v2/pipelines/{pipeline}/boxes", {
        params: { path },
        body: { name, ...start } as never,
      });
      return changeOf(response);
    },
    onSuccess: (made, { name }) => {
      void table.request.refetch();
      remember(`Added ${name}`, made);
      undoable(`Added ${name}`, () => undo(made));
    },
  });

  const [block, setBlock] = useState<Block | null>(null);
  const paste = async (text: string, cell: Cell | null, block: Block | null) => {
    const lines = await split(text, columns);
    const [[only] = []] = lines;
    const first = block?.columns[0];
    const isBlock = block !== null && block.ids.length * block.columns.length > 1;
    const hasHeader = readPasted(lines, columns).header !== null;
    // Onto names, rows can also be pasted as new boxes, so the user is asked.
    if (
      block?.ids[0] &&
      first &&
      !hasHeader &&
      (isBlock || (first.key !== "name" && (lines.length > 1 || lines[0]?.[1] !== undefined)))
    ) {
      const tiles = tiled(lines, block);
      const top = order.indexOf(block.ids[0]);
      const places = shown.slice(shown.indexOf(first));
      return pasteInto(tiles, await rows.all(order.slice(top, top + tiles.length)), places, pipeline);
    }
    const column = cell && columns.get(cell.column);
    const box = cell && rows.get(cell.id);
    if (lines.length === 1 && lines[0]?.length === 1 && only !== undefined && column?.editable && box) {
      const body = await cellEdit(column, only, pipeline);
      if (body) onEdit(box, body as Edit);
      else failed(new Error(`${column.name}: “${only}” is no such value, or more than one has that name`));
    } else if (lines.length > 0) setPasted({ lines, cell });
  };

  // Names are loaded in advance because copying cannot wait for them.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the selection changes
  useEffect(() => {
    for (const { kind, read } of shown) {
      if (kind !== "contacts" && kind !== "organizations") continue;
      for (const key of selected.size ? selected : (block?.ids ?? []))
        preloadNames(kind, (read(rows.get(key) ?? NOTHING) as string[] | undefined) ?? []);
    }
    void rows.all(block?.ids ?? []);
  }, [selected, block, rows]);
  const copy = (block: Block | null): string | null => {
    const line = (key: string) =>
      shown
        .map((column) => asText(column, column.read(rows.get(key) ?? NOTHING), pipeline).replaceAll(/[\t\n]/g, " "))
        .join("\t");
    if (selected.size > 0)
      return [
        shown.map((each) => each.name).join("\t"),
        ...[...selected].filter((key) => rows.get(key)).map(line),
      ].join("\n");
    const held = (block?.ids ?? []).flatMap((key) => rows.get(key) ?? []);
    if (block && held.length === block.ids.length) return copied(held, block.columns, pipeline);
    failed(new Error("Some of the rows are not loaded yet. Copy again in a moment."), "Nothing was copied");
    return null;
  };
  const summed = useMemo(() => {
    if (!block || block.ids.length * block.columns.length < 2) return null;
    return summary(
      block.ids.flatMap((key) => rows.get(key) ?? []),
      block,
    );
  }, [block, rows]);

  /** The key of the field whose form is open, or "new". */
  const [fieldForm, setFieldForm] = useState<string | null>(null);
  const edited = pipeline.fields.find((each) => each.key === fieldForm);
  const before = useRef<readonly { key: string }[] | null>(null);
  const addField = () => {
    before.current = pipeline.fields;
    setFieldForm("new");
  };
  // A field that was added here is shown, also if the columns were chosen before.
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the fields change
  useEffect(() => {
    const added = pipeline.fields.filter((each) => before.current?.every((old) => old.key !== each.key));
    if (added.length === 0) return;
    before.current = null;
    const hidden = added.filter((each) => !state.layout.some((place) => place.key === each.key));
    if (hidden.length > 0) setLayout([...state.layout, ...hidden.map(({ key }) => ({ key }))]);
  }, [pipeline.fields]);

  const active = () => grid.current?.active()?.id;
  const onRow = (run: (key: string) => void) => () => {
    const key = active();
    if (key && items.some((each) => each.type === "row" && each.id === key)) run(key);
  };
  const section = "Table";
  useCommands([
    {
      id: "next",
      label: "Next row",
      section,
      keys: "j",
      hidden: true,
      run: () => grid.current?.move(1),
    },
    {
      id: "previous",
      label: "Previous row",
      section,
      keys: "k",
      hidden: true,
      run: () => grid.current?.move(-1),
    },
    { id: "open", label: "Open the box", section, keys: "o", hidden: true, run: onRow(onOpen) },
    {
      id: "select",
      label: "Select the row",
      section,
      keys: "x",
      hidden: true,
      run: onRow((key) => setSelected((was) => toggled(was, key))),
    },
    { id: "edit", label: "Edit the cell", section, keys: "e", hidden: true, run: () => grid.current?.edit() },
    {
      id: "comment",
      label: "Comment on the row's box",
      section,
      keys: "c",
      hidden: true,
      run: onRow((key) => openTo(key, [["write", "comment"]])),
    },
    {
      id: "task",
      label: "Add a task to the row's box",
      section,
      keys: "t",
      hidden: true,
      run: onRow((key) => openTo(key, [["write", "task"]])),
    },
    { id: "new-field", label: "New field", section, keys: "n c", run: addField },
    { id: "new-box", label: "Add a box", section, keys: "n b", run: () => grid.current?.add() },
    {
      id: "close-groups",
      label: "Close all groups",
      section,
      run: () => change({ closed: (data?.groups ?? []).map((each) => each.key).join("~") || null }),
    },
    { id: "open-groups", label: "Open all groups", section, run: () => change({ closed: null }) },
    ...(selected.size > 0
      ? [
          {
            id: "bulk-stage",
            label: "Move the selected to a stage",
            section,
            keys: "s",
            run: () => setDialog("stage"),
          },
          { id: "bulk-assign", label: "Assign the selected", section, keys: "a", run: () => setDialog("assign") },
          { id: "bulk-field", label: "Set a field of the selected", section, keys: "f", run: () => setDialog("field") },
          { id: "bulk-delete", label: "Delete the selected", section, run: () => setDialog("delete") },
        ]
      : []),
  ]);

  const [filterAsked, setFilterAsked] = useState(0);
  /** Adds a condition on this column to the filter, and opens the filter. */
  const filterBy = (key: string) => {
    const column = columns.get(key);
    if (!column) return;
    const { word, members } = membersOf(state.filter);
    const tree =
      state.filter && word !== "and"
        ? branch("and", [state.filter, newTest(column)])
        : branch("and", [...members, newTest(column)]);
    change({ filter: JSON.stringify(tree) });
    setFilterAsked((was) => was + 1);
  };

  const toggle = useStable((key: string) => {
    const next = state.closed.includes(key) ? state.closed.filter((each) => each !== key) : [...state.closed, key];
    change({ closed: next.length ? next.join("~") : null });
  });
  const sort = (key: string, direction: "" | "-" | null) => {
    const rest = state.sort.filter((each) => each.replace(/^-/, "") !== key);
    const next = direction === null ? rest : [`${direction}${key}`, ...rest].slice(0, 4);
    change({ sort: next.length || state.view?.sort.length ? next.join(",") : null });
  };

  const at = pasted?.cell ? items.findIndex((each) => each.id === pasted.cell?.id) : -1;
  return (
    <div className={classes.screen}>
      <Toolbar
        pipeline={pipeline}
        state={state}
        columns={columns}
        change={change}
        setLayout={setLayout}
        query={table.query}
        count={data?.count}
        filterAsked={filterAsked}
        picked={summed && inCells(summed)}
        onNew={data && !(data.count === 0 && state.filter) ? () => grid.current?.add() : null}
      >
        <Views
          pipeline={pipeline}
          views={views}
          view={state.view}
          differs={state.differs}
          content={contentOf(state, columns)}
          change={change}
        />
      </Toolbar>
      {data === undefined ? (
        table.request.isError ? (
          <Failed error={table.request.error} retry={() => void table.request.refetch()} />
        ) : (
          <Loading rows={16} />
        )
      ) : data.count === 0 && state.filter ? (
        <Empty
          icon={IconFilterOff}
          title="Nothing passes the filter"
          action={<Button onClick={() => change({ filter: state.view?.filter ? "" : null })}>Show every box</Button>}
        >
          There may be boxes that the filter hides.
        </Empty>
      ) : (
        <Grid
          handle={grid}
          pipeline={pipeline}
          items={items}
          rows={rows}
          layout={state.layout}
          fits={fits}
          columns={columns}
          groupColumn={columns.get(data.by)}
          closed={state.closed}
          sort={state.sort}
          selected={selected}
          onSelect={setSelected}
          onLayout={setLayout}
          onSort={sort}
          onGroup={(key) => change({ group: key, closed: null })}
          onFilter={filterBy}
          onEditField={setFieldForm}
          onNewField={addField}
          onToggle={toggle}
          onEdit={onEdit}
          onAdd={(group, name) => create.mutate({ group, name })}
          onOpen={onOpen}
          onPaste={(text, cell, block) => void paste(text, cell, block).catch(failed)}
          onCopy={copy}
          onFill={(from, to, columns) =>
            void rows
              .all([from, ...to])
              .then(([first, ...others]) => first && fill(first, others, columns))
              .catch(failed)
          }
          onClear={(block) =>
            void rows
              .all(block.ids)
              .then((held) => clear(held, block.columns))
              .catch(failed)
          }
          onBlock={setBlock}
          onDeleteSelected={() => setDialog("delete")}
          place={`${pipeline.key} ${state.view?.key ?? ""}`}
        />
      )}
      {selected.size > 0 && (
        <Bulk
          pipeline={pipeline}
          shown={shown}
          rows={rows}
          selected={selected}
          onClear={() => setSelected(NONE)}
          open={dialog}
          onOpen={(next) => {
            setDialog(next);
            // The dialog has the focus until it is closed; then the keys act on the table again.
            if (next === null) setTimeout(() => grid.current?.focus());
          }}
        />
      )}
      {fieldForm && (
        <Suspense fallback={null}>
          <FieldForm
            pipeline={pipeline}
            {...(edited ? { field: edited } : {})}
            onClose={() => {
              setFieldForm(null);
              setTimeout(() => grid.current?.focus());
            }}
          />
        </Suspense>
      )}
      {pasted && (
        <Paste
          pipeline={pipeline}
          columns={columns}
          shown={shown}
          lines={pasted.lines}
          from={pasted.cell?.column ?? null}
          below={at < 0 ? [] : items.slice(at).flatMap((each) => (each.type === "row" ? [each.id] : []))}
          group={items[at]?.group}
          by={data?.by ?? ""}
          onClose={() => setPasted(null)}
        />
      )}
    </div>
  );
}

/** What the selected cells hold: "6 cells · Sum 12,000". */
function inCells({ cells, sum }: { cells: number; sum: number | null }): string {
  return `${cells.toLocaleString()} cells${sum === null ? "" : ` · Sum ${asNumber(sum)}`}`;
}

const NOTHING = { fields: {} } as Box;

function toggled(was: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(was);
  if (!next.delete(key)) next.add(key);
  return next;
}

/** Initial values of a box that is added to this group. */
function startOf(by: string, group: TableGroup, kind: string | undefined): Record<string, unknown> {
  if (group.key === "" || kind === undefined) return {};
  if (by === "stage") return { stageKey: group.key };
  if (by === "assignee") return { assignees: group.value };
  const isField = /^\d+$/.test(by);
  if (isField && kind !== "moment") return { fields: { [by]: group.value } };
  return {};
}
