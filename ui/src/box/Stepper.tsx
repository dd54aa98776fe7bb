import { Tooltip } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useEditBox } from "../api/boxes";
import { useCommands } from "../commands/registry";
import { useNow } from "../components/Moment";
import { inColours, StageSign } from "../components/StageTag";
import { lengthInWords } from "../lib/dates";
import { useOpenBox } from "./context";
import classes from "./Stepper.module.css";
import { timeInStages } from "./stays";

/** The stages of the pipeline in their order, each with the time the box spent in it. A click moves the box. */
export function Stepper() {
  const { box, pipeline, mayEdit } = useOpenBox();
  const { mutate: edit } = useEditBox();
  const stays = timeInStages(box, useNow());
  const list = useRef<HTMLDivElement>(null);
  const at = pipeline.stageOrder.indexOf(box.stageKey);
  const move = (stageKey: string) => {
    if (stageKey === box.stageKey) return;
    edit({ box, edit: { stageKey }, says: `Moved to ${pipeline.stages[stageKey]?.name ?? "another stage"}` });
  };
  useCommands(
    mayEdit
      ? pipeline.stageOrder.flatMap((key) => {
          const stage = pipeline.stages[key];
          if (!stage || key === box.stageKey) return [];
          return [
            { id: `move ${key}`, label: `Move to ${stage.name}`, section: "Box", searched: true, run: () => move(key) },
          ];
        })
      : [],
  );
  // With many stages, or on a phone, the stage of the box is in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the box moves
  useEffect(() => {
    const current = list.current?.querySelector<HTMLElement>("[data-current]");
    if (!list.current || !current) return;
    list.current.scrollLeft = current.offsetLeft - (list.current.clientWidth - current.offsetWidth) / 2;
  }, [box.stageKey]);
  return (
    <div className={classes.stepper} role="radiogroup" aria-label="Stage" ref={list}>
      {pipeline.stageOrder.map((key, place) => {
        const stage = pipeline.stages[key];
        if (!stage) return null;
        const current = key === box.stageKey;
        const stay = stays.get(key);
        const duration = stay === undefined ? "" : stay < 60_000 ? "just now" : lengthInWords(stay);
        return (
          <Tooltip key={key} label={duration ? `${stage.name}: ${duration}` : `${stage.name}: never been here`}>
            <button
              type="button"
              role="radio"
              aria-checked={current}
              disabled={!mayEdit}
              tabIndex={current || (at < 0 && place === 0) ? 0 : -1}
              className={`${classes.step} ${current ? inColours(stage.color).className : ""}`}
              data-current={current || undefined}
              data-passed={(!current && (stay ?? 0) > 0) || undefined}
              style={current ? inColours(stage.color).style : undefined}
              onClick={() => move(key)}
              onKeyDown={(event) => {
                const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
                if (!by) return;
                event.preventDefault();
                const steps = [...(list.current?.querySelectorAll<HTMLElement>("[role=radio]") ?? [])];
                // Arrow keys move only the focus; Enter or Space moves the box, because other users are notified of
                // a move.
                steps[(place + by + steps.length) % steps.length]?.focus();
              }}
            >
              <span className="cut">
                <StageSign stage={stage} />
                {stage.name}
              </span>
              <span className={classes.stay}>{duration || " "}</span>
            </button>
          </Tooltip>
        );
      })}
    </div>
  );
}
