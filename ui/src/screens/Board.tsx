import { autoScrollForElements } from "@atlaskit/pragmatic-drag-and-drop-auto-scroll/element";
import * as liveRegion from "@atlaskit/pragmatic-drag-and-drop-live-region";
import { Button } from "@mantine/core";
import { IconFilterOff, IconLayoutKanban } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Box, useEditBox } from "../api/boxes";
import { api, client } from "../api/client";
import { mayEdit } from "../api/rights";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { usePipeline } from "../app/pipeline";
import { above, arrange, isFilteredOut, laneOf, marked, placed, STAGE } from "../board/arrange";
import classes from "../board/Board.module.css";
import { Card } from "../board/Card";
import { Lane } from "../board/Lane";
import { useBoardPreferences } from "../board/preferences";
import { contentOf, useBoardState } from "../board/state";
import { Tools } from "../board/Tools";
import { touchable } from "../board/touch";
import { MOST_PLACES, PLACING, useBoard } from "../board/useBoard";
import { useSiblingsOf } from "../box/siblings";
import { useCommands } from "../commands/registry";
import { useNow } from "../components/Moment";
import { Empty, Ready } from "../components/states";
import { say } from "../components/toasts";
import type { Field } from "../fields/kind";
import { useSearch } from "../lib/search";
import { useStable } from "../lib/useStable";
import { Views } from "../table/Views";

const DEFAULT_FIELDS = 3;

/** Screen with the boxes of a pipeline as cards in lanes: one lane per stage, or per option of a dropdown field. */
export default function Board() {
  const pipeline = usePipeline();
  const me = useMe();
  const now = useNow();
  const [search, setSearch] = useSearch();
  const [preferences, setPreferences] = useBoardPreferences(pipeline.key);
  const { mutate: edit } = useEditBox();
  const views = api.useQuery("get", "/v2/pipelines/{pipeline}/views", { params: { path: { pipeline: pipeline.key } } });
  const { state, columns: known, boardQuery, change, waits } = useBoardState(pipeline, views.data?.results);
  const { board, more, show } = useBoard(pipeline.key, boardQuery, waits && !views.isError);
  const [focused, setFocused] = useState<string | null>(null);
  const [adding, setAdding] = useState<string | null>(null);
  const columns = useRef<HTMLDivElement>(null);
  const by = board.data?.by ?? STAGE;
  const all = useMemo(() => (board.data ? arrange(board.data) : []), [board.data]);
  const lanes = useMemo(() => all.filter((lane) => !isFilteredOut(state.filter, by, lane)), [all, state.filter, by]);
  const fields = useMemo(
    () => shownFields(pipeline.fields, preferences.fields, by),
    [pipeline.fields, preferences.fields, by],
  );
  const summed = useMemo(() => new Map(pipeline.fields.map((field) => [field.key, field])), [pipeline.fields]);
  const golden = useMemo(() => new Set(lanes.flatMap((lane) => lane.golden)), [lanes]);

  const create = useMutation({
    mutationFn: ({ name, lane }: { name: string; lane: string }) =>
      client.POST("/v2/pipelines/{pipeline}/boxes", {
        params: { path: { pipeline: pipeline.key } },
        body: by === STAGE ? { name, stageKey: lane } : { name, ...(lane ? { fields: { [by]: lane } } : {}) },
      }),
    onSuccess: ({ response }, { name }) => offerUndo(`${name} added`, response),
  });

  useSiblingsOf(lanes.flatMap((lane) => lane.cards.map((card) => card.key)));
  const may = (box: Box) => mayEdit(pipeline, me.key, box);
  const find = (key: string | null) => lanes.flatMap((lane) => lane.cards).find((each) => each.key === key);
  const nameOfLane = (key: string) => all.find((each) => each.key === key)?.name || "No value";
  const isHidden = (key: string) => !lanes.some((each) => each.key === key);

  const place = useMutation({
    mutationKey: PLACING,
    // Moves are sent one after another, because each refers to the order that the previous one made.
    scope: { id: `places ${pipeline.key}` },
    mutationFn: ({ box, ...body }: { box: string; after?: string | null; golden?: boolean }) =>
      client.POST("/v2/boxes/{box}/place", { params: { path: { box } }, body: { by, ...body } }),
  });

  function move(box: Box, lane: string, then?: { onSuccess: () => void; onError: () => void }) {
    if (lane === laneOf(box, by) || !may(box)) return;
    const change = by === STAGE ? { stageKey: lane } : { fields: { [by]: lane || null } };
    const says = `${box.name} moved to ${nameOfLane(lane)}${isHidden(lane) ? ", which the filter hides" : ""}`;
    edit({ box, edit: change, says }, then);
    liveRegion.announce(says);
  }

  /** Puts the card before this position of the lane, for all users. A sorted board has no positions. */
  function put(box: Box, lane: string, at: number) {
    const target = lanes.find((each) => each.key === lane);
    if (!target || !may(box)) return;
    const isHere = lane === laneOf(box, by);
    const isKept = at <= MOST_PLACES && state.sort.length === 0;
    if (!isKept && !isHere) return move(box, lane);
    if (state.sort.length > 0)
      return say("The cards are in an order that was chosen: choose \u201cAs arranged\u201d first");
    if (!isKept) return say(`Only the first ${MOST_PLACES} places of a column are kept`);
    const after = above(target, box.key, at);
    const putBack = show((before) => placed(before, box, lane, after));
    const settle = () => place.mutate({ box: box.key, after }, { onError: putBack });
    if (isHere) settle();
    else move(box, lane, { onSuccess: settle, onError: putBack });
  }

  function mark(box: Box) {
    if (!may(box)) return;
    const putBack = show((before) => marked(before, box, !golden.has(box.key)));
    place.mutate({ box: box.key, golden: !golden.has(box.key) }, { onError: putBack });
  }

  const open = useCallback(
    (box: Box, write?: "comment" | "task") =>
      setSearch((before) => {
        before.set("box", box.key);
        if (write) before.set("write", write);
        return before;
      }),
    [setSearch],
  );

  /** Arrow keys move from card to card. With Shift they move the card. */
  function pressed(event: KeyboardEvent, box: Box) {
    const at = lanes.findIndex((lane) => lane.cards.some((each) => each.key === box.key));
    const lane = lanes[at];
    if (!lane) return;
    const place = lane.cards.findIndex((each) => each.key === box.key);
    const [down, right] = STEPS[event.key] ?? [0, 0];
    if (down !== 0) {
      event.preventDefault();
      if (event.shiftKey) put(box, lane.key, place + (down > 0 ? 2 : -1));
      else setFocused(lane.cards[place + down]?.key ?? box.key);
    } else if (right !== 0 && event.shiftKey) {
      event.preventDefault();
      const next = lanes[at + right];
      if (next) move(box, next.key);
    } else if (right !== 0) {
      event.preventDefault();
      const beside = right > 0 ? lanes.slice(at + 1) : lanes.slice(0, at).reverse();
      const next = beside.find((each) => each.cards.length > 0);
      if (next) setFocused(next.cards[Math.min(place, next.cards.length - 1)]?.key ?? box.key);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(box);
    } else if ((event.key === "c" || event.key === "t") && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      open(box, event.key === "c" ? "comment" : "task");
    } else if (event.key === "g" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopPropagation();
      mark(box);
    }
  }

  useCommands([
    {
      id: "board-add",
      label: "Add a box to the column",
      section: "Board",
      keys: "a",
      run: () => {
        const box = find(focused);
        setAdding((box && laneOf(box, by)) ?? lanes[0]?.key ?? null);
      },
    },
    {
      id: "board-focus",
      label: "Go to the cards (then arrows; with Shift the card goes along)",
      section: "Board",
      keys: "b",
      run: () => {
        (document.activeElement as HTMLElement | null)?.blur();
        setFocused(find(focused)?.key ?? lanes.find((lane) => lane.cards.length > 0)?.cards[0]?.key ?? null);
        columns.current?.querySelector<HTMLElement>("[data-card][tabindex='0']")?.focus();
      },
    },
  ]);

  useEffect(() => {
    if (!columns.current) return;
    return autoScrollForElements({
      element: columns.current,
      canScroll: ({ source }) => source.data.kind === "card",
      getAllowedAxis: () => "horizontal",
    });
  });

  const touch = useStable(() => ({
    mayLift: (key: string) => {
      const box = find(key);
      return box !== undefined && may(box);
    },
    onDrop: (key: string, to: { lane: string; card: string | null; below: boolean }) => {
      const box = find(key);
      const cards = lanes.find((each) => each.key === to.lane)?.cards ?? [];
      const at = cards.findIndex((each) => each.key === to.card);
      if (box) put(box, to.lane, at < 0 ? cards.length : at + Number(to.below));
    },
  }));
  const there = lanes.length > 0;
  useEffect(() => {
    if (there && columns.current) return touchable(columns.current, touch);
  }, [there, touch]);

  return (
    <div className={classes.board}>
      <Tools
        pipeline={pipeline}
        state={state}
        columns={known}
        change={change}
        words={search.get("q") ?? ""}
        boardQuery={boardQuery}
        preferences={preferences}
        setPreferences={setPreferences}
        shown={fields.map((field) => field.key)}
        count={board.data?.count}
      >
        <Views
          pipeline={pipeline}
          views={views.data?.results ?? []}
          view={state.view}
          differs={state.differs}
          content={contentOf(state, known)}
          change={change}
        />
      </Tools>
      <Ready query={board} loading={<Placeholders />}>
        {() =>
          all.length === 0 ? (
            <Empty icon={IconLayoutKanban} title="No columns">
              A board has a column for each stage of its pipeline.
            </Empty>
          ) : (
            <div className={classes.lanes} ref={columns}>
              {lanes.map((lane) => (
                <Lane
                  key={lane.key}
                  lane={lane}
                  stage={by === STAGE ? pipeline.stages[lane.key] : undefined}
                  summed={summed}
                  focused={focused}
                  opened={search.get("box")}
                  estimate={78 + fields.length * 21}
                  mayMove={may}
                  draw={(box) => (
                    <Card
                      box={box}
                      fields={fields}
                      now={now}
                      staleAfter={preferences.staleAfter}
                      golden={golden.has(box.key)}
                      elsewhere={
                        may(box)
                          ? all
                              .filter((each) => each.key !== lane.key)
                              .map((each) => ({
                                key: each.key,
                                name: `${each.name || "No value"}${isHidden(each.key) ? " (hidden by the filter)" : ""}`,
                              }))
                          : []
                      }
                      onMove={move}
                      onGolden={may(box) ? mark : undefined}
                    />
                  )}
                  onFocus={setFocused}
                  onKey={pressed}
                  onOpen={(box) => open(box)}
                  onDrop={(key, place) => {
                    const box = find(key);
                    if (box) put(box, lane.key, place);
                  }}
                  onEnd={() => lane.cursor && void more(lane.key, lane.cursor).catch(() => undefined)}
                  adding={adding === lane.key}
                  onAdding={(on) => setAdding(on ? lane.key : null)}
                  onAdd={(name) => create.mutateAsync({ name, lane: lane.key })}
                />
              ))}
              {lanes.length < all.length && (
                <Button
                  variant="subtle"
                  color="gray"
                  className={classes.hidden ?? ""}
                  leftSection={<IconFilterOff size={15} />}
                  onClick={() => change({ filter: state.view?.filter ? "" : null })}
                >
                  {all.length - lanes.length === 1 ? "1 column is" : `${all.length - lanes.length} columns are`} hidden
                  by the filter
                </Button>
              )}
            </div>
          )
        }
      </Ready>
    </div>
  );
}

const STEPS: Record<string, [number, number]> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  j: [1, 0],
  k: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1],
};

/** The chosen fields in the order of the pipeline, or the first few. The field that makes the lanes is left out. */
function shownFields(fields: readonly Field[], chosen: string[] | undefined, by: string): Field[] {
  if (chosen) return fields.filter((field) => chosen.includes(field.key));
  return fields.filter((field) => field.key !== by).slice(0, DEFAULT_FIELDS);
}

function Placeholders() {
  return (
    <div className={classes.lanes} role="status" aria-label="Loading">
      {[5, 3, 4, 2].map((cards, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <div key={at} className={classes.lane}>
          {Array.from({ length: cards }, (_, card) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
            <div key={card} className={classes.ghost} />
          ))}
        </div>
      ))}
    </div>
  );
}
