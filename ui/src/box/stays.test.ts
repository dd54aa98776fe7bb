import { expect, test } from "vitest";
import { timeInStages } from "./stays";

test("stays in the same stage add up, and the current stay counts", () => {
  const stay = (stageKey: string, timeInStageMs: number) => ({ stageKey, timeInStageMs, lastEntryToStageTs: 0 });
  const box = { stageKey: "1", lastStageChangeTimestamp: 900, stageHistoryEntries: [stay("1", 100), stay("2", 50)] };
  expect([...timeInStages(box, 1000)]).toEqual([
    ["1", 200],
    ["2", 50],
  ]);
});
