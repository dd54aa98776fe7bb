/** The pipeline of the current screen. `Frame` provides it; the screens and their components read it. */
import { createContext, useContext } from "react";
import type { PipelineOut } from "../api/schema";

export const PipelineContext = createContext<PipelineOut | null>(null);

/** The pipeline whose screen this is; null on a screen of none. */
export function useAnyPipeline(): PipelineOut | null {
  return useContext(PipelineContext);
}

/** The same, where the screen is always one of a pipeline. */
export function usePipeline(): PipelineOut {
  const pipeline = useAnyPipeline();
  if (pipeline === null) throw new Error("this is no screen of a pipeline");
  return pipeline;
}
