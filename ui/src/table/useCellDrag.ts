/** Selecting cells with the mouse: drag across cells, `Shift` and a click, and the handle that fills the rows below. */
import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { Block, Corner } from "./range";

type Drag = { mode: "select" | "fill"; from: Corner };

type Options = {
  active: Corner | null;
  block: Block | null;
  /** While a cell is edited, the mouse selects text in it. */
  lock: boolean;
  onStart: (id: string, column: string) => void;
  onExtend: (corner: Corner) => void;
  onFill: (ids: readonly string[]) => void;
  /** The rows after one up to and including another. */
  between: (from: string, to: string) => string[];
};

/** How close to its edge, in pixels, the pointer scrolls the table. */
const EDGE = 30;
const NONE: readonly string[] = [];

export function useCellDrag(scroller: RefObject<HTMLElement | null>, options: Options) {
  const drag = useRef<Drag | null>(null);
  const moved = useRef(false);
  /** The rows that will be filled when the mouse button is released. */
  const [filling, setFilling] = useState<readonly string[]>(NONE);
  const newest = useRef({ ...options, filling });
  useEffect(() => {
    newest.current = { ...options, filling };
  });

  useEffect(() => {
    const end = () => {
      const was = drag.current;
      drag.current = null;
      if (was?.mode === "fill") {
        if (newest.current.filling.length > 0) newest.current.onFill(newest.current.filling);
        setFilling(NONE);
      }
    };
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
    return () => {
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
    };
  }, []);

  const onPointerDown = (event: PointerEvent) => {
    moved.current = false;
    if (event.button !== 0 || event.pointerType !== "mouse" || options.lock) return;
    const cell = cornerAt(event.target);
    if (!cell) return;
    if ((event.target as Element).closest("[data-fill]")) {
      moved.current = true;
      drag.current = { mode: "fill", from: { ...cell, id: options.block?.ids.at(-1) ?? cell.id } };
    } else if (event.shiftKey && options.active) {
      moved.current = true;
      drag.current = { mode: "select", from: options.active };
      options.onExtend(cell);
    } else drag.current = { mode: "select", from: cell };
  };

  const onPointerMove = (event: PointerEvent) => {
    const { current: now } = drag;
    const cell = now && cornerAt(event.target);
    if (!now || !scroller.current) return;
    const { top, bottom, left, right } = scroller.current.getBoundingClientRect();
    const push = (at: number, from: number, to: number) => (at > to - EDGE ? EDGE : at < from + EDGE ? -EDGE : 0);
    if (moved.current)
      scroller.current.scrollBy({
        top: push(event.clientY, top + EDGE, bottom),
        left: now.mode === "fill" ? 0 : push(event.clientX, left, right),
      });
    if (!cell) return;
    if (now.mode === "fill") return setFilling(options.between(now.from.id, cell.id));
    if (!moved.current && cell.id === now.from.id && cell.column === now.from.column) return;
    if (!moved.current) options.onStart(now.from.id, now.from.column);
    moved.current = true;
    options.onExtend(cell);
  };

  /** The click that ends a drag activates no cell. */
  const onClickCapture = (event: React.MouseEvent) => {
    if (!moved.current) return;
    moved.current = false;
    event.stopPropagation();
  };

  return { filling, listeners: { onPointerDown, onPointerMove, onClickCapture } };
}

/** The cell at this element; null for the controls within a cell and for all that is no cell. */
function cornerAt(target: EventTarget): Corner | null {
  if (!(target instanceof HTMLElement || target instanceof SVGElement) || target.closest("button, input, a"))
    return null;
  const cell = target.closest<HTMLElement>("[data-box]");
  return cell?.dataset.box && cell.dataset.column ? { id: cell.dataset.box, column: cell.dataset.column } : null;
}
