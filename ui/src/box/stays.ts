import type { Box } from "../api/boxes";

/** Milliseconds that the box spent in each stage, by stage key. The current stay counts until `now`. */
export function timeInStages(
  box: Pick<Box, "stageKey" | "stageHistoryEntries" | "lastStageChangeTimestamp">,
  now: number,
): Map<string, number> {
  const stays = new Map<string, number>();
  for (const each of box.stageHistoryEntries) {
    stays.set(each.stageKey, (stays.get(each.stageKey) ?? 0) + each.timeInStageMs);
  }
  const current = Math.max(0, now - box.lastStageChangeTimestamp);
  stays.set(box.stageKey, (stays.get(box.stageKey) ?? 0) + current);
  return stays;
}
