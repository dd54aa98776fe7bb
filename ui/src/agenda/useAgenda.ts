/** Tasks of users. An edit shows at once, and the old values come back if the server refuses it. */
import { useMutation, useQueries } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { BoxOut, TaskEdit, TaskOut } from "../api/schema";
import { offerUndo } from "../api/undo";

const PATH = "/v2/tasks";
type Tasks = { results: TaskOut[] };
export type Change = { task: TaskOut; change: TaskEdit; shows: Partial<TaskOut>; says: string };

/** Tasks of the given users, or of the signed-in user: first overdue and due today, then all others. */
export function useAgenda(userKeys: string[], includeCompleted: boolean) {
  const query = { includeCompleted, limit: 500, ...(userKeys.length ? { userKeys } : {}) };
  const late = api.useQuery("get", PATH, { params: { query: { ...query, direction: "desc" } } });
  const coming = api.useQuery("get", PATH, { params: { query: { ...query, direction: "asc" } } });
  const tasks = [...(late.data?.results ?? []), ...(coming.data?.results ?? [])];
  return { query: late.data === undefined ? late : coming, tasks };
}

export function useEditTask() {
  return useMutation({
    mutationFn: ({ task, change }: Change) =>
      client.POST("/v2/tasks/{task}", { params: { path: { task: task.key } }, body: change }),
    onMutate: ({ task, shows }) => patchTask(task.key, shows),
    onError: (_error, _change, restore) => restore?.(),
    onSuccess: ({ data, response }, { task, says }) => {
      patchTask(task.key, data as TaskOut);
      offerUndo(says, response);
    },
  });
}

/** Changes the task in every loaded agenda. Returns a function that restores the old values. */
function patchTask(key: string, change: Partial<TaskOut>): () => void {
  const before = queries.getQueriesData<Tasks>({ queryKey: ["get", PATH] });
  for (const [queryKey, data] of before) {
    if (!data?.results) continue;
    const results = data.results.map((each) => (each.key === key ? { ...each, ...change } : each));
    queries.setQueryData(queryKey, { ...data, results });
  }
  return () => {
    for (const [queryKey, data] of before) queries.setQueryData(queryKey, data);
  };
}

/** Names of the boxes of these tasks, by box key. Loads them with one request per pipeline. */
export function useBoxNames(tasks: readonly TaskOut[]): Map<string, string> {
  const keys = new Map<string, Set<string>>();
  for (const { pipelineKey, boxKey } of tasks) {
    keys.set(pipelineKey, (keys.get(pipelineKey) ?? new Set()).add(boxKey));
  }
  return useQueries({
    queries: [...keys].map(([pipeline, wanted]) => ({
      queryKey: ["boxNames", pipeline, [...wanted].sort()],
      queryFn: async () => {
        const { data } = await client.POST("/v1/pipelines/{pipeline}/boxes/batch", {
          params: { path: { pipeline } },
          body: [...wanted] as never,
        });
        return data as unknown as BoxOut[];
      },
    })),
    combine: (results) => new Map(results.flatMap(({ data }) => (data ?? []).map((each) => [each.key, each.name]))),
  });
}
