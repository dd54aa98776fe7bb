import { createContext, useContext } from "react";
import type { Box } from "../api/boxes";
import type { Part } from "../api/rights";
import type { PipelineOut } from "../api/schema";

export type Open = { box: Box; pipeline: PipelineOut; mayEdit: boolean; may: (part: Part) => boolean };

export const OpenBox = createContext<Open | null>(null);

/** The open box and its pipeline. */
export function useOpenBox(): Open {
  const open = useContext(OpenBox);
  if (open === null) throw new Error("no box is open here");
  return open;
}
