/** How a person likes a pipeline's board, kept with their preferences. */
import { usePreferences } from "../api/preferences";

export type Liking = {
  /** Keys of the fields on the cards; undefined for the first few. */
  fields?: string[];
  /** Days in a stage after which a card is stale; 0 for never. */
  staleAfter: number;
};

export function useLiking(pipeline: string): [Liking, (change: Partial<Liking>) => void] {
  const { preferences, set } = usePreferences();
  const member = `board ${pipeline}`;
  const { fields, staleAfter = 14 } = (preferences[member] ?? {}) as Partial<Liking>;
  const liking: Liking = { ...(fields ? { fields } : {}), staleAfter };
  return [liking, (change) => set({ [member]: { ...liking, ...change } })];
}
