/** The tasks of a box. An edit shows at once, and the old values come back if the server refuses it. */
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { TaskEdit, TaskOut } from "../api/schema";
import { offerUndo } from "../api/undo";

const wanted = (box: string) => api.queryOptions("get", "/v2/boxes/{box}/tasks", { params: { path: { box } } });
type Tasks = { results: TaskOut[] };

export function useTasks(box: string) {
  const query = api.useQuery("get", "/v2/boxes/{box}/tasks", { params: { path: { box } } });
  const { queryKey } = wanted(box);

  function shown(key: string, change: Partial<TaskOut> | null): () => void {
    const before = queries.getQueryData<Tasks>(queryKey);
    if (before) {
      const results = before.results.flatMap((each) =>
        each.key !== key ? [each] : change ? [{ ...each, ...change } as TaskOut] : [],
      );
      queries.setQueryData(queryKey, { ...before, results });
    }
    return () => queries.setQueryData(queryKey, before);
  }

  const edit = useMutation({
    mutationFn: ({ task, change }: { task: TaskOut; change: TaskEdit; shows: Partial<TaskOut>; says: string }) =>
      client.POST("/v2/tasks/{task}", { params: { path: { task: task.key } }, body: change }),
    onMutate: ({ task, shows }) => shown(task.key, shows),
    onError: (_error, _change, putBack) => putBack?.(),
    onSuccess: ({ data, response }, { task, says }) => {
      shown(task.key, data as TaskOut);
      offerUndo(says, response);
    },
  });
  const remove = useMutation({
    mutationFn: (task: TaskOut) => client.DELETE("/v2/tasks/{task}", { params: { path: { task: task.key } } }),
    onMutate: (task) => shown(task.key, null),
    onError: (_error, _task, putBack) => putBack?.(),
    onSuccess: ({ response }) => offerUndo("Task deleted", response),
  });
  return { query, edit: edit.mutate, remove: remove.mutate };
}

/** Open tasks first, by due date; then completed tasks, newest first. */
export function inOrder(tasks: readonly TaskOut[]): TaskOut[] {
  const due = (task: TaskOut) => task.dueDate ?? Number.POSITIVE_INFINITY;
  return [...tasks].sort((a, b) => {
    const [first, second] = [isDone(a), isDone(b)];
    if (first !== second) return Number(first) - Number(second);
    if (first) return b.lastStatusChangeDate - a.lastStatusChangeDate;
    return due(a) === due(b) ? a.creationDate - b.creationDate : due(a) - due(b);
  });
}

export function isDone(task: Pick<TaskOut, "status">): boolean {
  return task.status === "DONE";
}
