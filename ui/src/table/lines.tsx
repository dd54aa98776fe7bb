/** The lines of a table: a group's header, a row, and the line that adds a box. */
import { IconChevronDown, IconChevronRight, IconLayoutSidebarRightExpand, IconPlus } from "@tabler/icons-react";
import { memo, useState } from "react";
import type { Box, Edit } from "../api/boxes";
import type { PipelineOut, TableGroup } from "../api/schema";
import { Crash } from "../components/Crash";
import { LeftOut } from "../components/LeftOut";
import tags from "../components/Tag.module.css";
import { formatted } from "../fields/numbers";
import { type Column, isRight } from "./columns";
import classes from "./Grid.module.css";
import { type Rows, useRow } from "./rows";
import type { Shown } from "./shown";
import { Editor, GroupLabel, Value } from "./Value";

const TOUCH = window.matchMedia("(hover: none)");

type Place = {
  pipeline: PipelineOut;
  shown: readonly Shown[];
  top: number;
  index: number;
  activeColumn: string | null;
  onActivate: (id: string, column: string) => void;
};

/** Frozen cells stay at the left. Other cells stand at the position of their column. */
function styleOf(shown: Shown): React.CSSProperties {
  return shown.frozen
    ? { width: shown.width, left: shown.left, position: "sticky" }
    : { width: shown.width, left: shown.left, position: "absolute" };
}

type RowProps = Place & {
  boxKey: string;
  rows: Rows;
  group: TableGroup;
  grouped: Column | undefined;
  selected: boolean;
  editing: boolean;
  typed: string | undefined;
  /** The columns whose cells are selected in this row. */
  picked: ReadonlySet<string> | null;
  /** The column whose cell has the handle that fills the rows below. */
  handle: string | null;
  onBegin: () => void;
  onSelect: (key: string, extend: boolean) => void;
  onEdit: (box: Box, edit: Edit, shown?: Partial<Box>) => void;
  onDone: () => void;
  onOpen: (key: string) => void;
};

function RowLine(props: RowProps) {
  const { boxKey, rows, pipeline, shown, top, index, activeColumn, selected, editing, group, grouped } = props;
  const { picked, handle } = props;
  const box = useRow(rows, boxKey);
  const stripe = grouped?.kind === "stage" ? pipeline.stages[group.key]?.color.backgroundColor : undefined;
  return (
    <div
      className={classes.row}
      style={{ transform: `translateY(${top}px)` }}
      role="row"
      aria-rowindex={index}
      aria-selected={selected}
      data-selected={selected || undefined}
    >
      <div
        className={classes.gutter}
        role="gridcell"
        style={
          stripe
            ? { boxShadow: `inset 4px 0 light-dark(${stripe}, color-mix(in srgb, ${stripe} 55%, #1a1b1e))` }
            : undefined
        }
      >
        <input
          type="checkbox"
          className={tags.check}
          tabIndex={-1}
          checked={selected}
          aria-label={`Select ${box?.name ?? "the box"}`}
          onChange={() => undefined}
          onClick={(event) => props.onSelect(boxKey, event.shiftKey)}
        />
      </div>
      {shown.map((each) => {
        const { column } = each;
        const isActive = activeColumn === column.key;
        const value = box && column.read(box);
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
          <div
            key={column.key}
            id={isActive ? `cell-${boxKey}-${column.key}` : undefined}
            className={classes.cell}
            style={styleOf(each)}
            role="gridcell"
            data-active={isActive || undefined}
            data-editing={(isActive && editing) || undefined}
            data-right={isRight(column, value) || undefined}
            data-column={column.key}
            data-box={boxKey}
            data-picked={picked?.has(column.key) || undefined}
            aria-selected={picked?.has(column.key) || undefined}
            onClick={() => {
              if (isActive && !editing && !(column.key === "name" && TOUCH.matches)) props.onBegin();
              // On a touch screen, a tap on the name opens the box.
              else if (column.key === "name" && !editing && TOUCH.matches) props.onOpen(boxKey);
              else if (!isActive) props.onActivate(boxKey, column.key);
            }}
          >
            {box === undefined ? (
              <span className={classes.missing} />
            ) : isActive && editing && column.editable ? (
              <div className={classes.editor} style={{ minWidth: Math.max(each.width, 180) }}>
                <ChangedWarning value={value} below={index <= 2} />
                <Editor
                  column={column}
                  box={box}
                  pipeline={pipeline}
                  typed={props.typed}
                  onSave={(edit, seen) => {
                    if (changes(box, edit)) props.onEdit(box, edit, seen);
                    props.onDone();
                  }}
                  onCancel={props.onDone}
                />
              </div>
            ) : (
              <span className={classes.value}>
                <Crash>
                  <Value column={column} value={value} pipeline={pipeline} />
                </Crash>
              </span>
            )}
            {column.key === "name" && box && !(isActive && editing) && (
              <button
                type="button"
                tabIndex={-1}
                className={classes.open}
                aria-label={`Open ${box.name}`}
                onClick={(event) => {
                  event.stopPropagation();
                  props.onOpen(boxKey);
                }}
              >
                <IconLayoutSidebarRightExpand size={15} stroke={1.6} />
              </button>
            )}
            {handle === column.key && <span className={classes.fill} data-fill title="Drag down to fill" />}
          </div>
        );
      })}
    </div>
  );
}

export const Row = memo(RowLine);

/** Whether the edit differs from the current values. */
function changes(box: Box, { fields, ...members }: Edit): boolean {
  const textOf = (value: unknown) => JSON.stringify(value === "" ? null : (value ?? null));
  const differs = (a: unknown, b: unknown) => textOf(a) !== textOf(b);
  return (
    Object.entries(fields ?? {}).some(([key, value]) => differs(value, box.fields[key])) ||
    Object.entries(members).some(([name, value]) => differs(value, box[name as keyof Box]))
  );
}

/** Warns if another user changed the value that is being edited. */
function ChangedWarning({ value, below }: { value: unknown; below: boolean }) {
  const [before] = useState(() => JSON.stringify(value ?? null));
  if (JSON.stringify(value ?? null) === before) return null;
  return (
    <p className={classes.meanwhile} role="status" data-below={below || undefined}>
      Changed by somebody else meanwhile: saving puts yours in its place
    </p>
  );
}

type GroupProps = Place & {
  id: string;
  group: TableGroup;
  column: Column | undefined;
  closed: boolean;
  onToggle: (key: string) => void;
};

function GroupLineOf({
  id,
  group,
  column,
  closed,
  pipeline,
  shown,
  top,
  index,
  activeColumn,
  onToggle,
  onActivate,
}: GroupProps) {
  const Chevron = closed ? IconChevronRight : IconChevronDown;
  return (
    <div
      className={classes.group}
      style={{ transform: `translateY(${top}px)` }}
      role="row"
      aria-rowindex={index}
      data-active={activeColumn !== null || undefined}
    >
      <div className={classes.groupName} role="gridcell" id={activeColumn ? `cell-${id}-${activeColumn}` : undefined}>
        <button
          type="button"
          tabIndex={-1}
          aria-expanded={!closed}
          onClick={() => {
            onActivate(id, "name");
            onToggle(group.key);
          }}
        >
          <Chevron size={16} />
          {column && <GroupLabel column={column} value={group.value} pipeline={pipeline} />}
          <span className={`${classes.count} numbers`}>{group.count}</span>
        </button>
      </div>
      {shown
        .filter((each) => each.column.key in group.sums && !each.frozen)
        .map((each) => (
          <div
            key={each.column.key}
            className={classes.sum}
            style={styleOf(each)}
            role="gridcell"
            title={`Sum of ${each.column.name}`}
          >
            Σ {formatted(Number(group.sums[each.column.key] ?? 0), each.column.field?.displayFormat)}
            <LeftOut count={group.ignored[each.column.key]} />
          </div>
        ))}
    </div>
  );
}

export const GroupLine = memo(GroupLineOf);

type AddProps = Place & {
  id: string;
  editing: boolean;
  onBegin: () => void;
  onAdd: (name: string) => void;
  onDone: () => void;
};

export function AddLine({ id, top, index, editing, activeColumn, onBegin, onAdd, onDone, onActivate }: AddProps) {
  const [name, setName] = useState("");
  const add = () => {
    if (name.trim() === "") return onDone();
    onAdd(name.trim());
    setName("");
  };
  return (
    <div
      className={classes.add}
      style={{ transform: `translateY(${top}px)` }}
      role="row"
      aria-rowindex={index}
      data-active={activeColumn !== null || undefined}
    >
      <div className={classes.addCell} role="gridcell" id={activeColumn ? `cell-${id}-${activeColumn}` : undefined}>
        {editing ? (
          <input
            autoFocus
            aria-label="Name of the new box"
            placeholder="Name, then Enter"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            onBlur={add}
            onKeyDown={(event) => {
              event.stopPropagation();
              if (event.key === "Enter") add();
              if (event.key === "Escape") {
                setName("");
                onDone();
              }
            }}
          />
        ) : (
          <button
            type="button"
            tabIndex={-1}
            onClick={() => {
              onActivate(id, "name");
              onBegin();
            }}
          >
            <IconPlus size={14} /> Add a box
          </button>
        )}
      </div>
    </div>
  );
}
