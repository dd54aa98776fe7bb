import { Badge } from "@mantine/core";

/** A state as a coloured word. */
export function Verdict({ color = "gray", children }: { color?: string | undefined; children: string }) {
  return (
    <Badge variant="light" color={color} tt="none" fw={550} c="var(--strong)">
      {children}
    </Badge>
  );
}

/** Writes WAITING as "Waiting". */
export function titled(state: string): string {
  return state.charAt(0) + state.slice(1).toLowerCase();
}
