import { ActionIcon, Checkbox, Group, Menu, Switch, Title } from "@mantine/core";
import { IconClockPause, IconListCheck } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import classes from "../agenda/agenda.module.css";
import { addressOf, inGroups } from "../agenda/groups";
import { useAgenda, useBoxNames, useEditTask } from "../agenda/useAgenda";
import type { TaskOut } from "../api/schema";
import { isDone } from "../box/tasks";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment, useNow } from "../components/Moment";
import { Faces } from "../components/People";
import { PersonPicker } from "../components/PersonPicker";
import { Empty, Failed, Loading } from "../components/states";
import { TeamChoice, useTeam } from "../directory/Team";
import { readDate } from "../lib/dates";
import { useSearch } from "../lib/search";

const SNOOZES = ["tomorrow", "next monday", "in 1 week", "in 1 month"];

/** Screen with the tasks of the user or of others, grouped by due date. */
export default function Tasks() {
  const [search, setSearch] = useSearch();
  const people = (search.get("who") ?? "").split(",").filter(Boolean);
  const withDone = search.get("done") === "1";
  const { team, teams, choose } = useTeam();
  const { query, tasks } = useAgenda(people, withDone);
  const now = useNow();
  const put = (name: string, value: string) =>
    setSearch((before) => {
      if (value) before.set(name, value);
      else before.delete(name);
      return before;
    });
  const groups = inGroups(tasks, now);
  return (
    <div className={classes.screen}>
      <Group justify="space-between">
        <Title order={1}>Tasks</Title>
        <Group gap="sm">
          <Switch
            label="Done ones too"
            checked={withDone}
            onChange={(event) => put("done", event.currentTarget.checked ? "1" : "")}
          />
          <TeamChoice team={team} teams={teams} choose={choose} />
          {team && (
            <PersonPicker
              w={220}
              aria-label="Whose tasks"
              placeholder={people.length === 0 ? "Mine" : ""}
              teamKey={team.key}
              value={people}
              onChange={(keys) => put("who", keys.join(","))}
            />
          )}
          <CopyAsCode call={{ method: "GET", path: "/v2/tasks", query: { userKeys: people.join(",") } }} />
        </Group>
      </Group>
      {query.isError && tasks.length === 0 ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : query.data === undefined ? (
        <Loading />
      ) : groups.length === 0 ? (
        <Empty icon={IconListCheck} title="Nothing to do">
          Tasks are made in a box, with a date in words such as “next fri”. Tasks assigned to you appear here.
        </Empty>
      ) : (
        <Agenda groups={groups} />
      )}
    </div>
  );
}

function Agenda({ groups }: { groups: ReturnType<typeof inGroups> }) {
  const all = groups.flatMap((each) => each.tasks);
  const [current, setCurrent] = useState(-1);
  const names = useBoxNames(all);
  const edit = useEditTask();
  const navigate = useNavigate();
  const chosen = all[current];
  const toggle = (task: TaskOut) => {
    const status = isDone(task) ? "NOT_DONE" : "DONE";
    edit.mutate({ task, change: { status }, shows: { status }, says: isDone(task) ? "Task reopened" : "Task done" });
  };
  const snooze = (task: TaskOut, words: string) =>
    void readDate(words).then((dueDate) => {
      if (dueDate !== null) edit.mutate({ task, change: { dueDate }, shows: { dueDate }, says: `Snoozed to ${words}` });
    });
  const step = (by: number) => setCurrent((was) => Math.max(0, Math.min(all.length - 1, was + by)));
  useCommands([
    { id: "next", label: "Next task", section: "Tasks", keys: "j", run: () => step(1) },
    { id: "previous", label: "Task before", section: "Tasks", keys: "k", run: () => step(-1) },
    { id: "done", label: "Done, or not done", section: "Tasks", keys: "x", run: () => chosen && toggle(chosen) },
    {
      id: "snooze",
      label: "Snooze to tomorrow",
      section: "Tasks",
      keys: "s",
      run: () => chosen && snooze(chosen, "tomorrow"),
    },
    {
      id: "open",
      label: "Open its box",
      section: "Tasks",
      keys: "Enter",
      run: () => chosen && void navigate(addressOf(chosen)),
    },
  ]);
  return groups.map((group) => (
    <section key={group.title} className={classes.group} data-late={group.late} aria-label={group.title}>
      <h2>
        {group.title} <span className="numbers">{group.tasks.length}</span>
      </h2>
      <ul className={classes.list}>
        {group.tasks.map((task) => (
          <li
            key={task.key}
            className={classes.task}
            data-current={task === chosen || undefined}
            data-done={isDone(task) || undefined}
          >
            <Checkbox aria-label={`Done: ${task.text}`} checked={isDone(task)} onChange={() => toggle(task)} />
            <div style={{ minWidth: 0 }}>
              <div className={`cut ${classes.text}`} title={task.text}>
                {task.text}
              </div>
              <Link className={classes.box ?? ""} to={addressOf(task)}>
                {names.get(task.boxKey) ?? "…"}
              </Link>
            </div>
            <span className={classes.people}>
              <Faces people={task.assignedToSharingEntries} most={3} />
            </span>
            <span className={classes.due} data-late={group.late}>
              {task.dueDate !== undefined && <Moment at={task.dueDate} day />}
            </span>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon aria-label={`Snooze ${task.text}`} disabled={isDone(task)}>
                  <IconClockPause size={16} stroke={1.6} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>Snooze until</Menu.Label>
                {SNOOZES.map((words) => (
                  <Menu.Item key={words} onClick={() => snooze(task, words)}>
                    {words}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          </li>
        ))}
      </ul>
    </section>
  ));
}
