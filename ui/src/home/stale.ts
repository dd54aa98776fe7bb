/** The user's boxes without a change for two weeks, in stages where work is not over. */
import { useQueries } from "@tanstack/react-query";
import type { Box } from "../api/boxes";
import { client } from "../api/client";
import type { PipelineOut } from "../api/schema";

const AFTER_DAYS = 14;
/** Pipelines that are asked, the first in the user's order, and boxes of each. */
const MOST_PIPELINES = 8;
const MOST = 5;
/** Names of stages that are neither won nor lost, and in which a box waits for nothing. */
const OVER = /\b(closed|done|hired|rejected|passed|solved|resolved|cancell?ed|finished|complete[d]?)\b/i;

export type StaleBox = { box: Box; pipeline: PipelineOut };

/** Undefined until all pipelines have answered. */
export function useStaleBoxes(pipelines: readonly PipelineOut[]): StaleBox[] | undefined {
  const asked = pipelines.filter((each) => (each.boxCount ?? 1) > 0).slice(0, MOST_PIPELINES);
  return useQueries({
    queries: asked.map((pipeline) => ({
      queryKey: ["get", "/v2/pipelines/{pipeline}/table", { params: { path: { pipeline: pipeline.key } } }, "stale"],
      queryFn: async () => {
        const query = { by: "", sort: "lastUpdatedTimestamp", limit: MOST, filter: JSON.stringify(filterOf(pipeline)) };
        const { data } = await client.GET("/v2/pipelines/{pipeline}/table", {
          params: { path: { pipeline: pipeline.key }, query },
        });
        return (data?.results ?? []).map((box): StaleBox => ({ box, pipeline }));
      },
      staleTime: 60_000,
      meta: { live: true },
    })),
    combine: (results) =>
      results.some((each) => each.data === undefined && !each.isError)
        ? undefined
        : results
            .flatMap((each) => each.data ?? [])
            .sort((a, b) => a.box.lastUpdatedTimestamp - b.box.lastUpdatedTimestamp)
            .slice(0, MOST),
  });
}

function filterOf(pipeline: PipelineOut) {
  const open = pipeline.stageOrder.filter((key) => {
    const stage = pipeline.stages[key];
    return stage?.kind === "OPEN" && !OVER.test(stage.name);
  });
  return {
    and: [
      { field: "assignee", op: "any", value: ["me"] },
      { field: "daysSinceUpdate", op: "gte", value: AFTER_DAYS },
      ...(open.length > 0 ? [{ field: "stage", op: "in", value: open }] : []),
    ],
  };
}
