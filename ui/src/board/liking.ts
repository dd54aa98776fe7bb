/** How a person likes a pipeline's board, kept with their preferences. */
import { usePreferences } from "../api/preferences";
import type { Places } from "./arrange";

export type Liking = Places & {
  /** Keys of the fields on the cards; undefined for the first few. */
  fields?: string[];
  /** Days in a stage after which a card is stale; 0 for never. */
  staleAfter: number;
};

export function useLiking(pipeline: string): [Liking, (change: Partial<Liking>) => void] {
  const { preferences, set } = usePreferences();
  const member = `board ${pipeline}`;
  const kept = (preferences[member] ?? {}) as Partial<Liking>;
  const liking: Liking = { golden: [], order: {}, staleAfter: 14, ...kept };
  return [liking, (change) => set({ [member]: { ...liking, ...change } })];
}
