/** The user's preferences for the board of a pipeline. */
import { usePreferences } from "../api/preferences";

export type BoardPreferences = {
  /** Keys of the fields on the cards. If undefined, the first few fields are shown. */
  fields?: string[];
  /** Number of days in a stage after which a card is stale; 0 for never. */
  staleAfter: number;
};

export function useBoardPreferences(pipeline: string): [BoardPreferences, (change: Partial<BoardPreferences>) => void] {
  const { preferences: all, set } = usePreferences();
  const member = `board ${pipeline}`;
  const { fields, staleAfter = 14 } = (all[member] ?? {}) as Partial<BoardPreferences>;
  const preferences: BoardPreferences = { ...(fields ? { fields } : {}), staleAfter };
  return [preferences, (change) => set({ [member]: { ...preferences, ...change } })];
}
