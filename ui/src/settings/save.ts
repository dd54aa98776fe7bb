/** Changes of a pipeline: saved, shown everywhere, and told. */
import { useMutation } from "@tanstack/react-query";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { PipelineEdit, PipelineOut } from "../api/schema";

/** Edits the pipeline; what its reply holds is shown at once. */
export function useEditPipeline(pipeline: PipelineOut) {
  return useMutation({
    mutationFn: (body: PipelineEdit) =>
      client.POST("/v2/pipelines/{pipeline}", { params: { path: { pipeline: pipeline.key } }, body }),
    onSettled: () => refresh(pipeline.key),
  });
}

/** The rules of pipelines are asked for anew. */
export function refreshRules(): Promise<void> {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("validators") });
}

/** Whatever shows this pipeline is asked for anew. */
export function refresh(pipeline: string): Promise<void> {
  return queries.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey[1] === "/v2/pipelines" || JSON.stringify(queryKey[2] ?? {}).includes(`"pipeline":"${pipeline}"`),
  });
}
