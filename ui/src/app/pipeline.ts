/** The pipeline of the current screen. `Frame` provides it; the screens and their components read it. */
import { createContext, useContext } from "react";
import type { PipelineOut } from "../api/schema";

export const PipelineContext = createContext<PipelineOut | null>(null);

/** The pipeline of the current screen, or null on a screen that belongs to no pipeline. */
export function useAnyPipeline(): PipelineOut | null {
  return useContext(PipelineContext);
}

/** The pipeline of the current screen. Only for screens that always belong to a pipeline. */
export function usePipeline(): PipelineOut {
  const pipeline = useAnyPipeline();
  if (pipeline === null) throw new Error("this screen does not belong to a pipeline");
  return pipeline;
}
