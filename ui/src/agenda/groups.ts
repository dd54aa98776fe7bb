/** Groups tasks by due date, in the order in which a user works through them. */
import type { TaskOut } from "../api/schema";
import { daysBetween } from "../lib/dates";

export type Group = { title: string; tasks: TaskOut[]; late?: boolean };

/** Groups: overdue, today, tomorrow, the next seven days, later, no date, and completed tasks last. */
export function inGroups(tasks: readonly TaskOut[], now: number): Group[] {
  const groups: (Group & { holds: (task: TaskOut, days: number) => boolean })[] = [
    { title: "Overdue", late: true, tasks: [], holds: (_task, days) => days < 0 },
    { title: "Today", tasks: [], holds: (_task, days) => days === 0 },
    { title: "Tomorrow", tasks: [], holds: (_task, days) => days === 1 },
    { title: "Next 7 days", tasks: [], holds: (_task, days) => days <= 7 },
    { title: "Later", tasks: [], holds: (_task, days) => days < Number.POSITIVE_INFINITY },
    { title: "No date", tasks: [], holds: () => true },
  ];
  const done: Group = { title: "Done", tasks: [] };
  const sorted = [...tasks].sort((a, b) => (a.sortOrder < b.sortOrder ? -1 : 1));
  for (const task of sorted) {
    const days = task.dueDate === undefined ? Number.POSITIVE_INFINITY : daysBetween(now, task.dueDate);
    if (task.status === "DONE") done.tasks.unshift(task);
    else groups.find((each) => each.holds(task, days))?.tasks.push(task);
  }
  const shown = groups.map(({ title, tasks: held, late }) => ({ title, tasks: held, ...(late ? { late } : {}) }));
  return [...shown, done].filter((each) => each.tasks.length > 0);
}

/** The address of the task's box in its pipeline. */
export function addressOf(task: Pick<TaskOut, "pipelineKey" | "boxKey">): string {
  return `/pipelines/${task.pipelineKey}?box=${task.boxKey}`;
}
