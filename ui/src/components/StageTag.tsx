import { IconCheck, IconX } from "@tabler/icons-react";
import type { StageOut } from "../api/schema";
import classes from "./Tag.module.css";

/** Class and style that give an element the colours of a stage. */
export function inColours({ backgroundColor, foregroundColor }: StageOut["color"]) {
  return {
    className: classes.stage ?? "",
    style: { "--stage": backgroundColor, "--on-stage": foregroundColor } as React.CSSProperties,
  };
}

/** The name of a stage in its colours. */
export function StageTag({ stage }: { stage: Pick<StageOut, "name" | "color" | "kind"> }) {
  const { className, style } = inColours(stage.color);
  return (
    <span className={`${classes.tag} ${className}`} style={style}>
      <StageSign stage={stage} />
      {stage.name}
    </span>
  );
}

/** A tick for won and a cross for lost stages. It is read aloud unless the name of the stage says so already. */
export function StageSign({ stage }: { stage: Pick<StageOut, "name" | "kind"> }) {
  const Sign = stage.kind === "WON" ? IconCheck : IconX;
  if (stage.kind === "OPEN") return null;
  const said = stage.kind === "WON" ? "Won" : "Lost";
  const isSaid = stage.name.toLowerCase().includes(said.toLowerCase());
  return (
    <Sign
      size={12}
      stroke={2.4}
      className={classes.sign ?? ""}
      {...(isSaid ? { "aria-hidden": true } : { role: "img", "aria-label": said })}
    />
  );
}
