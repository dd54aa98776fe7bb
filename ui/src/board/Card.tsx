import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import {
  IconAlertTriangle,
  IconArrowRight,
  IconDots,
  IconMessage,
  IconSquareCheck,
  IconStar,
  IconStarFilled,
} from "@tabler/icons-react";
import { memo, useState } from "react";
import type { Box } from "../api/boxes";
import { Faces } from "../components/People";
import { isUnset } from "../fields/compare";
import type { Field } from "../fields/kind";
import { kindOf } from "../fields/kinds";
import { DAY, lengthInWords } from "../lib/dates";
import classes from "./Board.module.css";

export type CardProps = {
  box: Box;
  fields: Field[];
  now: number;
  staleAfter: number;
  golden: boolean;
  /** The lanes that the card can be moved to, with their names. Empty if the user may not move it. */
  elsewhere: { key: string; name: string }[];
  onMove: (box: Box, lane: string) => void;
  /** Undefined if the user may not mark the card. */
  onGolden: ((box: Box) => void) | undefined;
};

/** A box on the board. */
export const Card = memo(function Card({
  box,
  fields,
  now,
  staleAfter,
  golden,
  elsewhere,
  onMove,
  onGolden,
}: CardProps) {
  const age = Math.max(0, now - box.lastStageChangeTimestamp);
  const stale = staleAfter > 0 && age > staleAfter * DAY;
  const shown = fields.filter((field) => !isUnset(box.fields[field.key]) && box.fields[field.key] !== false);
  return (
    <div className={classes.card} data-golden={golden || undefined} data-stale={stale || undefined}>
      <div className={classes.cardHead}>
        <span className={classes.cardName}>{box.name}</span>
        <div className={classes.cardTools}>
          {onGolden ? (
            <ActionIcon
              size="sm"
              tabIndex={-1}
              className={classes.golden ?? ""}
              aria-label={golden ? "Take the golden mark off" : "Mark as golden"}
              aria-pressed={golden}
              onClick={(event) => {
                event.stopPropagation();
                onGolden(box);
              }}
            >
              {golden ? <IconStarFilled size={14} /> : <IconStar size={14} stroke={1.6} />}
            </ActionIcon>
          ) : (
            golden && <IconStarFilled size={14} className={classes.golden} aria-label="Golden" />
          )}
          {elsewhere.length > 0 && <MoveMenu box={box} elsewhere={elsewhere} onMove={onMove} />}
        </div>
      </div>
      {shown.length > 0 && (
        <dl className={classes.cardFields}>
          {shown.map((field) => {
            const { Draw } = kindOf(field);
            return (
              <div key={field.key}>
                <dt className="cut">{field.name}</dt>
                <dd>
                  <Draw field={field} value={box.fields[field.key]} />
                </dd>
              </div>
            );
          })}
        </dl>
      )}
      <div className={classes.cardFoot}>
        <Faces people={box.assignedToSharingEntries} most={3} />
        <span className={classes.cardSigns}>
          {box.violations.length > 0 && (
            <Tooltip label={box.violations.map((each) => each.message).join("\n")}>
              <span className={classes.sign} data-warn role="img" aria-label="Breaks a rule">
                <IconAlertTriangle size={13} stroke={1.8} />
              </span>
            </Tooltip>
          )}
          {box.taskIncompleteCount > 0 && (
            <span className={classes.sign} data-warn={box.taskOverdueCount > 0 || undefined} title="Open tasks">
              <IconSquareCheck size={13} stroke={1.6} />
              {box.taskIncompleteCount}
            </span>
          )}
          {box.commentCount > 0 && (
            <span className={classes.sign} title="Comments">
              <IconMessage size={13} stroke={1.6} />
              {box.commentCount}
            </span>
          )}
          <span
            className={classes.age}
            title={stale ? `Stale: in this stage for ${lengthInWords(age)}` : `In this stage for ${lengthInWords(age)}`}
          >
            {age < 60_000 ? "now" : lengthInWords(age)}
          </span>
        </span>
      </div>
    </div>
  );
});

/** Created when it is opened, because a menu on every card makes scrolling slow. */
function MoveMenu({ box, elsewhere, onMove }: Pick<CardProps, "box" | "elsewhere" | "onMove">) {
  const [opened, setOpened] = useState(false);
  const button = (
    <ActionIcon
      size="sm"
      tabIndex={-1}
      aria-label={`More about ${box.name}`}
      aria-haspopup="menu"
      onClick={(event) => {
        event.stopPropagation();
        setOpened(true);
      }}
    >
      <IconDots size={14} stroke={1.6} />
    </ActionIcon>
  );
  if (!opened) return button;
  return (
    <Menu opened onChange={setOpened} position="bottom-end">
      <Menu.Target>{button}</Menu.Target>
      <Menu.Dropdown onClick={(event) => event.stopPropagation()}>
        <Menu.Label>Move to</Menu.Label>
        {elsewhere.map((lane) => (
          <Menu.Item
            key={lane.key}
            leftSection={<IconArrowRight size={14} stroke={1.6} />}
            onClick={() => onMove(box, lane.key)}
          >
            {lane.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
