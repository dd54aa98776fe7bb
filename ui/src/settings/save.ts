/** Saves changes of a pipeline, shows them everywhere, and shows a toast. */
import { useMutation } from "@tanstack/react-query";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { PipelineEdit, PipelineOut } from "../api/schema";

/** Edits the pipeline. The response is shown at once. */
export function useEditPipeline(pipeline: PipelineOut) {
  return useMutation({
    mutationFn: (body: PipelineEdit) =>
      client.POST("/v2/pipelines/{pipeline}", { params: { path: { pipeline: pipeline.key } }, body }),
    onSettled: () => refresh(pipeline.key),
  });
}

/** Loads the validation rules of pipelines again. */
export function refreshRules(): Promise<void> {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("validators") });
}

/** Loads everything that shows this pipeline again. */
export function refresh(pipeline: string): Promise<void> {
  return queries.invalidateQueries({
    predicate: ({ queryKey }) =>
      queryKey[1] === "/v2/pipelines" || JSON.stringify(queryKey[2] ?? {}).includes(`"pipeline":"${pipeline}"`),
  });
}
