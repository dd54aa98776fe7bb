import { Checkbox } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  useCallback,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Box, Edit } from "../api/boxes";
import type { PipelineOut } from "../api/schema";
import { useStable } from "../lib/useStable";
import type { Column } from "./columns";
import classes from "./Grid.module.css";
import { Head } from "./Head";
import { AddLine, GroupLine, Row } from "./lines";
import { type Block, blockOf } from "./range";
import type { Rows } from "./rows";
import type { Shown } from "./shown";
import type { Layout } from "./state";
import { useCellDrag } from "./useCellDrag";
import type { Item } from "./useIndex";

export type Cell = { id: string; column: string };

export type GridHandle = {
  focus: () => void;
  move: (rows: number, columns?: number) => void;
  active: () => Cell | null;
  edit: () => void;
  add: () => void;
};

type GridProps = {
  handle: React.Ref<GridHandle>;
  pipeline: PipelineOut;
  items: readonly Item[];
  rows: Rows;
  layout: readonly Layout[];
  /** The widths of columns whose width was not chosen. */
  fits: ReadonlyMap<string, number>;
  columns: ReadonlyMap<string, Column>;
  groupColumn: Column | undefined;
  closed: readonly string[];
  sort: readonly string[];
  selected: ReadonlySet<string>;
  onSelect: (keys: ReadonlySet<string>) => void;
  onLayout: (layout: Layout[]) => void;
  onSort: (column: string, direction: "" | "-" | null) => void;
  onGroup: (column: string) => void;
  onFilter: (column: string) => void;
  onEditField: (field: string) => void;
  onNewField: () => void;
  onToggle: (group: string) => void;
  onEdit: (box: Box, edit: Edit, shown?: Partial<Box>) => void;
  onAdd: (group: Item["group"], name: string) => void;
  onOpen: (key: string) => void;
  onPaste: (text: string, cell: Cell | null, block: Block | null) => void;
  /** The text to copy; null if it is not loaded yet. */
  onCopy: (block: Block | null) => string | null;
  /** Gives the cells of these boxes the values that the box `from` has in these columns. */
  onFill: (from: string, to: readonly string[], columns: readonly Column[]) => void;
  onClear: (block: Block) => void;
  onDeleteSelected: () => void;
  /** Called when other cells are selected. */
  onBlock: (block: Block | null) => void;
  /** Names what the table shows, by which it remembers how far it is scrolled. */
  place: string;
};

const LINE = 34;
const GUTTER = 36;
/** The end of the header, where fields are added. */
const NEW_FIELD = 44;

/** A table of any length. It draws only the visible rows and columns. */
export function Grid(props: GridProps) {
  const { items, rows, layout, fits, columns, selected, onSelect, onLayout, closed } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<Cell | null>(null);
  /** The corner of the selected rectangle that is opposite the active cell. */
  const [far, setFar] = useState<Cell | null>(null);
  const [editing, setEditing] = useState(false);
  /** The character that began the edit, which replaces the value. */
  const [typed, setTyped] = useState<string | undefined>(undefined);
  const lastKey = useRef("");
  const [resizing, setResizing] = useState<{ key: string; width: number } | null>(null);
  const anchor = useRef<string | null>(null);

  const narrow = useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false }) ?? false;
  const shown = useMemo(
    () => placed(layout, columns, fits, resizing, narrow),
    [layout, columns, fits, resizing, narrow],
  );
  const frozen = shown.filter((each) => each.frozen);
  const loose = shown.filter((each) => !each.frozen);
  const frozenWidth = GUTTER + frozen.reduce((sum, each) => sum + each.width, 0);
  const width = GUTTER + shown.reduce((sum, each) => sum + each.width, 0);
  const places = useMemo(() => new Map(items.map((each, at) => [each.id, at])), [items]);

  // The edited cell stays drawn when the user scrolls away, because its value may not be saved yet.
  const editedRow = editing && active ? places.get(active.id) : undefined;
  const editedColumn = editing ? active?.column : undefined;
  const rangeExtractor = useCallback(
    (range: Range) => {
      const seen = defaultRangeExtractor(range);
      return editedRow === undefined || seen.includes(editedRow) ? seen : [...seen, editedRow].sort((a, b) => a - b);
    },
    [editedRow],
  );
  const down = useVirtualizer({
    rangeExtractor,
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 12,
    getItemKey: (at) => items[at]?.id ?? at,
    scrollPaddingStart: LINE,
  });
  const across = useVirtualizer({
    horizontal: true,
    count: loose.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => loose[at]?.width ?? 100,
    overscan: 3,
    paddingStart: frozenWidth,
    scrollPaddingStart: frozenWidth,
  });
  const widths = loose.map((each) => each.width).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: measures again when a width changes
  useEffect(() => across.measure(), [widths, frozenWidth]);

  const visible = across.getVirtualItems();
  const from = visible[0]?.index ?? 0;
  const to = visible.at(-1)?.index ?? -1;
  // Stays the same list while the same columns are visible, so that rows are not redrawn.
  const inSight = useMemo(
    () => [
      ...shown.filter((each) => each.frozen),
      ...shown
        .filter((each) => !each.frozen)
        .filter(({ column }, at) => (at >= from && at <= to) || column.key === editedColumn),
    ],
    [shown, from, to, editedColumn],
  );

  // A table that is opened again starts where it was left.
  useEffect(() => {
    const top = Number(sessionStorage.getItem(`boxwood-scroll ${props.place}`) ?? 0);
    if (top > 0) scroller.current?.scrollTo({ top });
  }, [props.place]);

  const focus = () => scroller.current?.focus({ preventScroll: true });
  const stopEditing = useStable(() => {
    setEditing(false);
    setTyped(undefined);
    scroller.current?.focus({ preventScroll: true });
    // Enter saves and goes down, as in a spreadsheet.
    if (lastKey.current === "Enter" && item?.type === "row") move(1);
    lastKey.current = "";
  });

  const activate = useCallback((id: string, column: string) => {
    setEditing(false);
    setTyped(undefined);
    setFar(null);
    setActive({ id, column });
  }, []);

  const block = useMemo(
    () =>
      active
        ? blockOf(
            items,
            shown.map((each) => each.column),
            active,
            far ?? active,
          )
        : null,
    [items, shown, active, far],
  );
  const picked = useMemo(() => (block && far ? new Set(block.ids) : null), [block, far]);
  const pickedColumns = useMemo(() => new Set(block?.columns.map((each) => each.key)), [block]);
  const { onBlock } = props;
  useEffect(() => onBlock(block), [block, onBlock]);
  const lastColumn = block?.columns.at(-1)?.key ?? null;
  const mayFill = !editing && block?.columns.some((each) => each.editable) === true;

  const drag = useCellDrag(scroller, {
    active,
    block,
    lock: editing,
    onStart: activate,
    onExtend: setFar,
    onFill: (ids) => block?.ids[0] && props.onFill(block.ids[0], ids, block.columns),
    between: (from, to) => {
      const [first, last] = [places.get(from) ?? 0, places.get(to) ?? 0];
      return items.slice(first + 1, last + 1).flatMap((each) => (each.type === "row" ? [each.id] : []));
    },
  });
  const willFill = useMemo(() => new Set(drag.filling), [drag.filling]);

  /** The cell that is so many lines and columns away from another. */
  const beside = (from: Cell | null, by: number, sideways: number) => {
    const at = from ? (places.get(from.id) ?? -1) : -1;
    const place = Math.max(
      0,
      shown.findIndex((each) => each.column.key === from?.column),
    );
    const next = Math.max(0, Math.min(items.length - 1, at + by));
    const column = shown[Math.max(0, Math.min(shown.length - 1, place + sideways))];
    const item = items[next];
    return item && column ? { item, column, next } : null;
  };

  const bringIntoView = (next: number, column: Shown, sideways: number) => {
    down.scrollToIndex(next);
    const place = loose.indexOf(column);
    if (sideways !== 0 && place >= 0) across.scrollToIndex(place);
  };

  const move = (by: number, sideways = 0) => {
    const found = beside(active, by, sideways);
    if (!found) return;
    focus();
    activate(found.item.id, found.column.column.key);
    bringIntoView(found.next, found.column, sideways);
  };

  /** Moves the far corner of the rectangle of selected cells. */
  const extend = (by: number, sideways: number) => {
    const found = beside(far ?? active, by, sideways);
    if (!found || !active) return;
    setFar({ id: found.item.id, column: found.column.column.key });
    bringIntoView(found.next, found.column, sideways);
  };

  const select = useStable((key: string, extend: boolean) => {
    const next = new Set(selected);
    const [first, last] = [places.get(anchor.current ?? key), places.get(key)];
    if (extend && first !== undefined && last !== undefined) {
      for (let at = Math.min(first, last); at <= Math.max(first, last); at++) {
        const item = items[at];
        if (item?.type === "row") next.add(item.id);
      }
    } else if (next.has(key)) next.delete(key);
    else next.add(key);
    anchor.current = key;
    onSelect(next);
  });

  const item = active ? items[places.get(active.id) ?? -1] : undefined;
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / LINE) - 2);

  const begin = useStable(() => {
    if (!item || !active) return;
    const column = columns.get(active.column);
    if (item.type === "group") props.onToggle(item.group.key);
    else if (item.type === "add") setEditing(true);
    else if (column?.kind === "flag" && column.field) {
      const box = rows.get(item.id);
      if (box) props.onEdit(box, { fields: { [column.key]: box.fields[column.key] !== true } } as Edit);
    } else if (column?.editable) setEditing(true);
    else props.onOpen(item.id);
  });

  /** Adds a box at the end of the active group, or of the first group. */
  const add = () => {
    const at = Math.max(0, active ? (places.get(active.id) ?? 0) : 0);
    const foot = items.findIndex((each, place) => place >= at && each.type === "add");
    const line = items[foot];
    if (!line) return;
    focus();
    activate(line.id, "name");
    down.scrollToIndex(foot);
    setEditing(true);
  };
  useImperativeHandle(props.handle, () => ({ focus, move, active: () => active, edit: begin, add }));

  function keyDown(event: KeyboardEvent) {
    if (editing || event.target !== scroller.current) return;
    const held = event.ctrlKey || event.metaKey;
    const steps: Record<string, () => void> = {
      ArrowDown: () => extendOr(event.shiftKey, held ? items.length : 1),
      ArrowUp: () => extendOr(event.shiftKey, held ? -items.length : -1),
      ArrowRight: () => (event.shiftKey ? extend : move)(0, held ? shown.length : 1),
      ArrowLeft: () => (event.shiftKey ? extend : move)(0, held ? -shown.length : -1),
      Tab: () => move(0, event.shiftKey ? -1 : 1),
      PageDown: () => move(page),
      PageUp: () => move(-page),
      Home: () => move(held ? -items.length : 0, -shown.length),
      End: () => move(held ? items.length : 0, shown.length),
      Enter: begin,
      F2: begin,
      " ": () => item?.type === "row" && select(item.id, event.shiftKey),
      Delete: () => clear(),
      Backspace: () => clear(),
    };
    const step = steps[event.key];
    if (event.key === "Tab" && !active) return;
    if (step) {
      event.preventDefault();
      event.stopPropagation();
      step();
    } else if (event.key === "Escape") {
      if (far) setFar(null);
      else if (selected.size > 0) onSelect(new Set());
      else setActive(null);
    } else if (held && event.key === "d") {
      event.preventDefault();
      fillDown();
    } else if (held && event.key === "a") {
      event.preventDefault();
      onSelect(new Set(items.filter((each) => each.type === "row").map((each) => each.id)));
    } else if (!held && !event.altKey && event.key.length === 1 && startsEdit()) {
      event.preventDefault();
      event.stopPropagation();
      lastKey.current = "";
      setTyped(event.key);
      setEditing(true);
    }
  }

  /**
   * Whether a typed character replaces the value of the active cell. In the column of names, and while rows are
   * selected, letters are shortcuts.
   */
  function startsEdit(): boolean {
    const column = active && columns.get(active.column);
    if (!column?.editable || column.key === "name" || column.kind === "flag") return false;
    return item?.type === "row" && selected.size === 0;
  }

  /** Extends the selected rows, or the selected cells while no rows are selected. */
  function extendOr(extended: boolean, by: number) {
    if (extended && selected.size === 0) return extend(by, 0);
    if (extended && item?.type === "row") {
      if (!selected.has(item.id)) select(item.id, false);
      const next = items[(places.get(item.id) ?? 0) + Math.sign(by)];
      if (next?.type === "row") select(next.id, true);
    }
    move(by);
  }

  function clear() {
    if (selected.size > 0) return props.onDeleteSelected();
    if (block) props.onClear(block);
  }

  /** Copies the first selected row into the rows below it, or the row above into a single cell. */
  function fillDown() {
    if (!block) return;
    const [first, ...rest] = block.ids;
    if (first && rest.length > 0) return props.onFill(first, rest, block.columns);
    const above = items[(places.get(first ?? "") ?? 0) - 1];
    if (first && above?.type === "row") props.onFill(above.id, [first], block.columns);
  }

  const all = items.filter((each) => each.type === "row").length;
  const common = { pipeline: props.pipeline, shown: inSight };

  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="grid"
      aria-label={`Boxes of ${props.pipeline.name}`}
      aria-rowcount={items.length + 1}
      aria-colcount={shown.length + 1}
      aria-multiselectable
      aria-activedescendant={active && !editing ? `cell-${active.id}-${active.column}` : undefined}
      tabIndex={0}
      onKeyDown={keyDown}
      onKeyDownCapture={(event) => {
        if (editing) lastKey.current = event.shiftKey || event.nativeEvent.isComposing ? "" : event.key;
      }}
      onScroll={(event) =>
        sessionStorage.setItem(`boxwood-scroll ${props.place}`, String(event.currentTarget.scrollTop))
      }
      onFocus={({ currentTarget }) =>
        active === null &&
        currentTarget.matches(":focus-visible") &&
        items[0] &&
        shown[0] &&
        setActive({ id: items[0].id, column: shown[0].column.key })
      }
      onCopy={(event: ClipboardEvent) => {
        if (event.target !== scroller.current) return;
        event.preventDefault();
        const text = props.onCopy(block);
        if (text !== null) event.clipboardData.setData("text/plain", text);
      }}
      onPaste={(event: ClipboardEvent) => {
        if (event.target !== scroller.current) return;
        event.preventDefault();
        props.onPaste(event.clipboardData.getData("text/plain"), active, block);
      }}
      {...drag.listeners}
    >
      <div className={classes.head} style={{ width: width + NEW_FIELD }} role="row" aria-rowindex={1}>
        <div className={classes.gutter} role="columnheader" aria-label="Selected">
          <Checkbox
            size="xs"
            aria-label="Select all"
            checked={all > 0 && selected.size >= all}
            indeterminate={selected.size > 0 && selected.size < all}
            onChange={(event) =>
              onSelect(
                event.currentTarget.checked
                  ? new Set(items.filter((each) => each.type === "row").map((each) => each.id))
                  : new Set(),
              )
            }
          />
        </div>
        {inSight.map((each) => (
          <Head
            key={each.column.key}
            shown={each}
            sort={props.sort}
            layout={layout}
            onLayout={onLayout}
            onSort={props.onSort}
            onGroup={props.onGroup}
            onFilter={props.onFilter}
            onEditField={props.onEditField}
            onFit={() =>
              onLayout(
                layout.map(({ width, ...entry }) =>
                  entry.key === each.column.key || !width ? entry : { ...entry, width },
                ),
              )
            }
            onResize={(size, done) => {
              setResizing(done ? null : { key: each.column.key, width: size });
              if (done)
                onLayout(layout.map((entry) => (entry.key === each.column.key ? { ...entry, width: size } : entry)));
            }}
          />
        ))}
        <div className={classes.newField} style={{ left: width }} role="columnheader">
          <button type="button" aria-label="New field" title="New field" onClick={props.onNewField}>
            <IconPlus size={16} stroke={1.6} />
          </button>
        </div>
      </div>
      <div
        className={classes.body}
        style={{ height: down.getTotalSize(), width: width + NEW_FIELD }}
        role="presentation"
      >
        {down.getVirtualItems().map((line) => {
          const item = items[line.index];
          if (!item) return null;
          const activeColumn = active?.id === item.id ? active.column : null;
          const place = { ...common, top: line.start, index: line.index + 2, activeColumn, onActivate: activate };
          if (item.type === "group") {
            return (
              <GroupLine
                key={item.id}
                {...place}
                id={item.id}
                group={item.group}
                column={props.groupColumn}
                closed={closed.includes(item.group.key)}
                onToggle={props.onToggle}
              />
            );
          }
          if (item.type === "add") {
            return (
              <AddLine
                key={item.id}
                {...place}
                id={item.id}
                editing={editing && activeColumn !== null}
                onBegin={() => setEditing(true)}
                onAdd={(name) => props.onAdd(item.group, name)}
                onDone={stopEditing}
              />
            );
          }
          return (
            <Row
              key={item.id}
              {...place}
              boxKey={item.id}
              rows={rows}
              group={item.group}
              grouped={props.groupColumn}
              selected={selected.has(item.id)}
              picked={picked?.has(item.id) || willFill.has(item.id) ? pickedColumns : null}
              handle={mayFill && item.id === block?.ids.at(-1) ? lastColumn : null}
              editing={editing && activeColumn !== null}
              typed={activeColumn === null ? undefined : typed}
              onBegin={begin}
              onSelect={select}
              onEdit={props.onEdit}
              onDone={stopEditing}
              onOpen={props.onOpen}
            />
          );
        })}
      </div>
    </div>
  );
}

/** The columns with their widths and positions. */
function placed(
  layout: readonly Layout[],
  columns: ReadonlyMap<string, Column>,
  fits: ReadonlyMap<string, number>,
  resizing: { key: string; width: number } | null,
  narrow: boolean,
): Shown[] {
  let left = GUTTER;
  return layout.flatMap(({ key, width, frozen = false }) => {
    const column = columns.get(key);
    if (!column) return [];
    const wide = resizing?.key === key ? resizing.width : (width ?? fits.get(key) ?? column.width);
    // On a phone, frozen columns are narrower to leave room for the others.
    const placedColumn = { column, width: narrow && frozen ? Math.min(wide, 150) : wide, left, frozen };
    left += placedColumn.width;
    return [placedColumn];
  });
}
