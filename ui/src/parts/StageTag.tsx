import { Badge } from "@mantine/core";
import type { StageOut } from "../api/schema";

/** A stage's name in its colours. */
export function StageTag({ stage }: { stage: Pick<StageOut, "name" | "color"> }) {
  return (
    <Badge
      variant="filled"
      radius="sm"
      tt="none"
      fw={550}
      color={stage.color.backgroundColor}
      c={stage.color.foregroundColor}
    >
      {stage.name}
    </Badge>
  );
}
