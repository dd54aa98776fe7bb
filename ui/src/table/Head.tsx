import { Menu } from "@mantine/core";
import {
  IconArrowAutofitWidth,
  IconArrowDown,
  IconArrowUp,
  IconChevronDown,
  IconEdit,
  IconEyeOff,
  IconFilter,
  IconPin,
  IconStack2,
  IconX,
} from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import classes from "./Grid.module.css";
import type { Shown } from "./shown";
import type { Layout } from "./state";

type HeadProps = {
  shown: Shown;
  sort: readonly string[];
  layout: readonly Layout[];
  onLayout: (layout: Layout[]) => void;
  onSort: (column: string, direction: "" | "-" | null) => void;
  onGroup: (column: string) => void;
  onResize: (width: number, done: boolean) => void;
  onFilter: (column: string) => void;
  onEditField: (field: string) => void;
  /** Makes the column as wide as its name and its values need. */
  onFit: () => void;
};

const NARROWEST = 60;

/** A column's header. A click sorts, dragging moves the column, and its edge changes the width. */
export function Head({
  shown,
  sort,
  layout,
  onLayout,
  onSort,
  onGroup,
  onFilter,
  onEditField,
  onResize,
  onFit,
}: HeadProps) {
  const { column, width, left, frozen } = shown;
  const ref = useRef<HTMLDivElement>(null);
  const [edge, setEdge] = useState<"left" | "right" | null>(null);
  const direction = sort.includes(column.key) ? "up" : sort.includes(`-${column.key}`) ? "down" : null;

  const drop = useRef<(key: string, after: boolean) => void>(() => undefined);
  useEffect(() => {
    drop.current = (key, after) => {
      const moved = layout.find((each) => each.key === key);
      if (!moved) return;
      const rest = layout.filter((each) => each.key !== key);
      const at = rest.findIndex((each) => each.key === column.key) + (after ? 1 : 0);
      onLayout([...rest.slice(0, at), { ...moved, frozen }, ...rest.slice(at)]);
    };
  });
  useEffect(() => {
    let undo: (() => void) | undefined;
    let gone = false;
    void import("../app/sortable").then(({ sortable }) => {
      const onDropped = (key: string, after: boolean) => drop.current(key, after);
      if (ref.current && !gone)
        undo = sortable<"left" | "right">(ref.current, "column", column.key, setEdge, onDropped, ["left", "right"]);
    });
    return () => {
      gone = true;
      undo?.();
    };
  }, [column.key]);

  const change = (given: Partial<Layout>) =>
    onLayout(layout.map((each) => (each.key === column.key ? { ...each, ...given } : each)));

  return (
    <div
      ref={ref}
      className={classes.headCell}
      style={{ width, left, position: frozen ? "sticky" : "absolute" }}
      role="columnheader"
      aria-sort={direction === "up" ? "ascending" : direction === "down" ? "descending" : "none"}
      data-edge={edge ?? undefined}
      data-column={column.key}
    >
      <button
        type="button"
        tabIndex={-1}
        className={classes.headName}
        title={column.name}
        onClick={() => column.sortable && onSort(column.key, direction === null ? "" : direction === "up" ? "-" : null)}
      >
        <column.icon size={14} stroke={1.6} />
        <span className="cut">{column.name}</span>
        {direction === "up" && <IconArrowUp size={13} />}
        {direction === "down" && <IconArrowDown size={13} />}
      </button>
      <ColumnMenu name={column.name}>
        {column.field && (
          <Menu.Item leftSection={<IconEdit size={15} />} onClick={() => onEditField(column.key)}>
            Edit field
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconFilter size={15} />} onClick={() => onFilter(column.key)}>
          Filter by this column
        </Menu.Item>
        {column.sortable && (
          <>
            <Menu.Item leftSection={<IconArrowUp size={15} />} onClick={() => onSort(column.key, "")}>
              Sort, lowest first
            </Menu.Item>
            <Menu.Item leftSection={<IconArrowDown size={15} />} onClick={() => onSort(column.key, "-")}>
              Sort, highest first
            </Menu.Item>
            {direction && (
              <Menu.Item leftSection={<IconX size={15} />} onClick={() => onSort(column.key, null)}>
                Do not sort by it
              </Menu.Item>
            )}
          </>
        )}
        {column.groups && (
          <Menu.Item leftSection={<IconStack2 size={15} />} onClick={() => onGroup(column.key)}>
            Group by it
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconArrowAutofitWidth size={15} />} onClick={onFit}>
          Fit to content
        </Menu.Item>
        <Menu.Item leftSection={<IconPin size={15} />} onClick={() => change({ frozen: !frozen })}>
          {frozen ? "Let it scroll" : "Freeze at the left"}
        </Menu.Item>
        {column.key !== "name" && (
          <Menu.Item
            leftSection={<IconEyeOff size={15} />}
            onClick={() => onLayout(layout.filter((each) => each.key !== column.key))}
          >
            Hide
          </Menu.Item>
        )}
      </ColumnMenu>
      <Resizer width={width} onResize={onResize} onFit={onFit} label={column.name} />
    </div>
  );
}

function ColumnMenu({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" tabIndex={-1} className={classes.headMenu} aria-label={`${name}: column menu`}>
          <IconChevronDown size={14} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}

type ResizerProps = Pick<HeadProps, "onResize" | "onFit"> & { width: number; label: string };

function Resizer({ width, onResize, onFit, label }: ResizerProps) {
  const start = useRef<{ x: number; width: number } | null>(null);
  const size = (x: number) =>
    Math.round(Math.max(NARROWEST, Math.min(900, (start.current?.width ?? width) + x - (start.current?.x ?? x))));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the column's menu has the same action
    <div
      className={classes.resizer}
      data-resizer={label}
      draggable={false}
      onPointerDown={(event) => {
        event.preventDefault();
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, width };
      }}
      onPointerMove={(event) => start.current && onResize(size(event.clientX), false)}
      onPointerUp={(event) => {
        if (start.current && start.current.x !== event.clientX) onResize(size(event.clientX), true);
        start.current = null;
      }}
      onDoubleClick={onFit}
    />
  );
}
