/** What people have to do, as the server keeps it; an edit is seen at once, and put back where it is refused. */
import { useMutation, useQueries } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { BoxOut, TaskEdit, TaskOut } from "../api/schema";
import { offerUndo } from "../api/undo";

const PATH = "/v2/tasks";
type Tasks = { results: TaskOut[] };
export type Change = { task: TaskOut; change: TaskEdit; shows: Partial<TaskOut>; says: string };

/** The tasks of these users, or one's own: what is late or due today, and what comes after. */
export function useAgenda(userKeys: string[], includeCompleted: boolean) {
  const query = { includeCompleted, limit: 500, ...(userKeys.length ? { userKeys } : {}) };
  const late = api.useQuery("get", PATH, { params: { query: { ...query, direction: "desc" } } });
  const coming = api.useQuery("get", PATH, { params: { query: { ...query, direction: "asc" } } });
  const tasks = [...(late.data?.results ?? []), ...(coming.data?.results ?? [])];
  return { asked: late.data === undefined ? late : coming, tasks };
}

export function useEditTask() {
  return useMutation({
    mutationFn: ({ task, change }: Change) =>
      client.POST("/v2/tasks/{task}", { params: { path: { task: task.key } }, body: change }),
    onMutate: ({ task, shows }) => shown(task.key, shows),
    onError: (_error, _change, putBack) => putBack?.(),
    onSuccess: ({ data, response }, { task, says }) => {
      shown(task.key, data as TaskOut);
      offerUndo(says, response);
    },
  });
}

/** Changes the task in every agenda that is kept; gives back what puts it as it was. */
function shown(key: string, change: Partial<TaskOut>): () => void {
  const held = queries.getQueriesData<Tasks>({ queryKey: ["get", PATH] });
  for (const [queryKey, data] of held) {
    if (!data?.results) continue;
    const results = data.results.map((each) => (each.key === key ? { ...each, ...change } : each));
    queries.setQueryData(queryKey, { ...data, results });
  }
  return () => {
    for (const [queryKey, data] of held) queries.setQueryData(queryKey, data);
  };
}

/** The names of the boxes that these tasks are about, by key; asked for a pipeline at a time. */
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
