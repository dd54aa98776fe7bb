import type { Box } from "../api/boxes";

/** Milliseconds the box was in each stage, by the stage's key; the stay that goes on counts until `now`. */
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
