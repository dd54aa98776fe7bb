import type { StageOut } from "../api/schema";
import classes from "./Tag.module.css";

/** The name of a stage in its colours. */
export function StageTag({ stage }: { stage: Pick<StageOut, "name" | "color"> }) {
  const { backgroundColor, foregroundColor } = stage.color;
  return (
    <span className={classes.tag} style={{ background: backgroundColor, color: foregroundColor }}>
      {stage.name}
    </span>
  );
}
