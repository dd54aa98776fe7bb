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
export function StageTag({ stage }: { stage: Pick<StageOut, "name" | "color"> }) {
  const { className, style } = inColours(stage.color);
  return (
    <span className={`${classes.tag} ${className}`} style={style}>
      {stage.name}
    </span>
  );
}
