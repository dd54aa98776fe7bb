import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { draggable, dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { autoScrollForElements } from "@atlaskit/pragmatic-drag-and-drop-auto-scroll/element";
import { attachClosestEdge, extractClosestEdge } from "@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge";
import { Button, Text, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, memo, type ReactNode, useEffect, useRef, useState } from "react";
import type { Box } from "../api/boxes";
import type { StageOut } from "../api/schema";
import { inWords, LeftOut } from "../components/LeftOut";
import { inColours, StageSign } from "../components/StageTag";
import { asNumber } from "../fields/compare";
import type { Field } from "../fields/kind";
import { formatted } from "../fields/numbers";
import type { LaneOf } from "./arrange";
import classes from "./Board.module.css";
import { LaneMenu } from "./LaneMenu";

type LaneProps = {
  lane: LaneOf;
  /** The stage of the lane, if its boxes are those of a stage. */
  stage?: StageOut | undefined;
  /** Fields whose sums are shown, by key. */
  summed: ReadonlyMap<string, Field>;
  focused: string | null;
  opened: string | null;
  estimate: number;
  mayMove: (box: Box) => boolean;
  draw: (box: Box) => ReactNode;
  onFocus: (box: string) => void;
  onKey: (event: KeyboardEvent, box: Box) => void;
  onOpen: (box: Box) => void;
  /** Called when a card is dropped in this lane, before that position. */
  onDrop: (box: string, place: number) => void;
  onEnd: () => void;
  adding: boolean;
  onAdding: (adding: boolean) => void;
  onAdd: (name: string) => Promise<unknown>;
};

/** A lane of the board. It draws only the visible cards. */
export function Lane(props: LaneProps) {
  const { lane, summed, focused, opened, estimate, onEnd } = props;
  const { mayMove, draw, onFocus, onKey, onOpen } = props;
  const list = useRef<HTMLDivElement>(null);
  const column = useRef<HTMLElement>(null);
  const [over, setOver] = useState(false);
  const newest = useRef(props);
  useEffect(() => {
    newest.current = props;
  });
  const rows = useVirtualizer({
    count: lane.cards.length,
    getScrollElement: () => list.current,
    estimateSize: () => estimate,
    getItemKey: (at) => lane.cards[at]?.key ?? at,
    overscan: 6,
    gap: 8,
    paddingStart: 2,
    paddingEnd: 8,
  });

  useEffect(() => {
    if (!column.current || !list.current) return;
    return combine(
      dropTargetForElements({
        element: column.current,
        canDrop: ({ source }) => source.data.kind === "card",
        onDragEnter: () => setOver(true),
        onDragLeave: () => setOver(false),
        onDrop: ({ source, location }) => {
          setOver(false);
          const target = location.current.dropTargets[0];
          const { lane: now, onDrop } = newest.current;
          const at = now.cards.findIndex((each) => each.key === target?.data.key);
          const below = target ? extractClosestEdge(target.data) === "bottom" : true;
          // A card that is dropped beside the other cards goes to the end.
          onDrop(String(source.data.key), at < 0 ? now.cards.length : at + Number(below));
        },
      }),
      autoScrollForElements({ element: list.current, canScroll: ({ source }) => source.data.kind === "card" }),
    );
  }, []);

  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (lane.cursor && last >= lane.cards.length - 8) onEnd();
  }, [lane.cursor, last, lane.cards.length, onEnd]);

  const focusedAt = focused === null ? -1 : lane.cards.findIndex((each) => each.key === focused);
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls to the card when the focus moves to it
  useEffect(() => {
    if (focusedAt >= 0) rows.scrollToIndex(focusedAt);
  }, [focusedAt, focused]);

  const sums = Object.entries(lane.sums)
    .filter(([key, sum]) => sum !== 0 || lane.ignored[key])
    .map(([key, sum]) => ({
      key,
      name: summed.get(key)?.name ?? key,
      sum: formatted(sum, summed.get(key)?.displayFormat),
      ignored: lane.ignored[key] ?? 0,
    }));
  const name = lane.name || "No value";
  const colours = lane.color && inColours(lane.color);
  return (
    <section ref={column} className={classes.lane} data-over={over || undefined} data-lane={lane.key} aria-label={name}>
      <header className={classes.laneHead}>
        <h2 className="cut">
          <span className={`${classes.laneName} ${colours?.className ?? ""}`} style={colours?.style}>
            {props.stage && <StageSign stage={props.stage} />}
            {name}
          </span>
          <span className={classes.count}>{asNumber(lane.count)}</span>
          {props.stage && <LaneMenu stage={props.stage} />}
        </h2>
        {sums.length > 0 && (
          <div
            title={sums
              .map(({ name: what, sum, ignored }) => `${what}: ${sum}${ignored ? ` (${inWords(ignored)})` : ""}`)
              .join("\n")}
          >
            {sums.slice(0, 2).map(({ key, name: what, sum, ignored }) => (
              <Text key={key} size="xs" className={`quiet numbers ${classes.sum}`}>
                <span className="cut">{what}</span>{" "}
                <span>
                  <strong>{sum}</strong>
                  <LeftOut count={ignored} />
                </span>
              </Text>
            ))}
          </div>
        )}
      </header>
      {/* The cards take the focus. An empty lane cannot scroll. */}
      <div
        className={classes.cards}
        ref={list}
        data-cards=""
        {...(lane.cards.length > 0 && { role: "list", "aria-label": `Cards in ${name}` })}
      >
        <div className={classes.virtual} style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const box = lane.cards[item.index];
            if (!box) return null;
            return (
              <Slot
                key={box.key}
                box={box}
                at={item.index}
                of={lane.count}
                start={item.start}
                measure={rows.measureElement}
                isFocused={focused === box.key}
                isFirst={focusedAt < 0 && item.index === 0}
                isOpened={opened === box.key}
                mayMove={mayMove}
                draw={draw}
                onFocus={onFocus}
                onKey={onKey}
                onOpen={onOpen}
              />
            );
          })}
        </div>
        {lane.cards.length === 0 && (
          <Text size="sm" className={`quiet ${classes.nothing}`}>
            No boxes here
          </Text>
        )}
      </div>
      <AddCard {...props} name={name} />
    </section>
  );
}

type SlotProps = Pick<LaneProps, "mayMove" | "draw" | "onFocus" | "onKey" | "onOpen"> & {
  box: Box;
  at: number;
  of: number;
  start: number;
  measure: (element: Element | null) => void;
  isFocused: boolean;
  isFirst: boolean;
  isOpened: boolean;
};

/** Memoized, so that scrolling draws only cards that come into view. */
const Slot = memo(function Slot({
  box,
  at,
  of,
  start,
  measure,
  isFocused,
  isFirst,
  isOpened,
  mayMove,
  draw,
  onFocus,
  onKey,
  onOpen,
}: SlotProps) {
  const element = useRef<HTMLDivElement>(null);
  const [edge, setEdge] = useState<"top" | "bottom" | null>(null);
  const [dragging, setDragging] = useState(false);
  const movable = mayMove(box);
  const byTouch = useRef(false);
  useEffect(() => {
    if (!element.current) return;
    return combine(
      draggable({
        element: element.current,
        // Touch has its own implementation (`touch`).
        canDrag: () => movable && !byTouch.current,
        getInitialData: () => ({ kind: "card", key: box.key }),
        onDragStart: () => setDragging(true),
        onDrop: () => setDragging(false),
      }),
      dropTargetForElements({
        element: element.current,
        canDrop: ({ source }) => source.data.kind === "card" && source.data.key !== box.key,
        getData: ({ input, element: target }) =>
          attachClosestEdge({ key: box.key }, { element: target, input, allowedEdges: ["top", "bottom"] }),
        onDrag: ({ self }) => setEdge(extractClosestEdge(self.data) as "top" | "bottom" | null),
        onDragLeave: () => setEdge(null),
        onDrop: () => setEdge(null),
      }),
    );
  }, [box.key, movable]);
  useEffect(() => {
    // Does not take the focus while the user types or works in an open box.
    if (isFocused && element.current && !element.current.contains(document.activeElement)) {
      if (document.activeElement === document.body || document.activeElement?.closest("[data-card]")) {
        element.current.focus({ preventScroll: true });
      }
    }
  }, [isFocused]);
  return (
    <div
      ref={(node) => {
        element.current = node;
        measure(node);
      }}
      data-index={at}
      data-card={box.key}
      data-edge={edge ?? undefined}
      data-dragging={dragging || undefined}
      data-opened={isOpened || undefined}
      className={classes.slot}
      style={{ transform: `translateY(${start}px)` }}
      role="listitem"
      aria-label={box.name}
      aria-setsize={of}
      aria-posinset={at + 1}
      tabIndex={isFocused || isFirst ? 0 : -1}
      onPointerDown={(event) => {
        byTouch.current = event.pointerType === "touch";
      }}
      onFocus={(event) => event.target === event.currentTarget && onFocus(box.key)}
      onKeyDown={(event) => event.target === event.currentTarget && onKey(event, box)}
      onClick={() => onOpen(box)}
    >
      {draw(box)}
    </div>
  );
});

function AddCard({ name, adding, onAdding, onAdd }: LaneProps & { name: string }) {
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);
  if (!adding) {
    return (
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        justify="flex-start"
        className={classes.add ?? ""}
        leftSection={<IconPlus size={14} />}
        aria-label={`Add a box to ${name}`}
        onClick={() => onAdding(true)}
      >
        Add a box
      </Button>
    );
  }
  const save = async () => {
    if (words.trim() === "" || busy) return;
    setBusy(true);
    try {
      await onAdd(words.trim());
      setWords("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <TextInput
      className={classes.add ?? ""}
      aria-label={`Name of a new box in ${name}`}
      placeholder="Name, then Enter"
      autoFocus
      value={words}
      onChange={(event) => setWords(event.currentTarget.value)}
      onBlur={() => words.trim() === "" && onAdding(false)}
      onKeyDown={(event) => {
        if (event.key === "Enter") void save().catch(() => undefined);
        else if (event.key === "Escape") {
          event.stopPropagation();
          setWords("");
          onAdding(false);
        }
      }}
    />
  );
}
