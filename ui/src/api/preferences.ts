/** The user's preferences. The server stores them, so they are the same on every device. */
import { useMutation } from "@tanstack/react-query";
import { api, client } from "./client";
import { queries } from "./queries";

export type Preferences = {
  starredPipelines?: string[];
  pipelineOrder?: string[];
  hiddenHints?: string[];
  [name: string]: unknown;
};

const KEY = ["get", "/v2/preferences", {}] as const;

export function usePreferences() {
  const query = api.useQuery("get", "/v2/preferences", {});
  const preferences = (query.data?.preferences ?? {}) as Preferences;
  const { mutate: set } = useMutation({
    mutationFn: async (change: Preferences) =>
      (await client.POST("/v2/preferences", { body: { preferences: change } })).data,
    onMutate: (change) => {
      const before = queries.getQueryData(KEY);
      queries.setQueryData(KEY, { preferences: { ...preferences, ...change } });
      return before;
    },
    onError: (_error, _change, before) => queries.setQueryData(KEY, before),
    onSuccess: (saved) => queries.setQueryData(KEY, saved),
  });
  const starred = preferences.starredPipelines ?? [];
  return {
    preferences,
    /** Whether the preferences are loaded. */
    known: query.data !== undefined,
    set,
    starred,
    star: (key: string, on: boolean) =>
      set({ starredPipelines: on ? [...starred, key] : starred.filter((each) => each !== key) }),
  };
}
