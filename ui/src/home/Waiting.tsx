import { Anchor, Checkbox, Text } from "@mantine/core";
import { useMemo } from "react";
import { Link } from "react-router";
import agenda from "../agenda/agenda.module.css";
import { addressOf, inGroups } from "../agenda/groups";
import { useAgenda, useBoxNames, useEditTask } from "../agenda/useAgenda";
import { api } from "../api/client";
import type { PipelineOut } from "../api/schema";
import { useMe } from "../api/session";
import { isDone } from "../box/tasks";
import { Moment, useNow } from "../components/Moment";
import { StageTag } from "../components/StageTag";
import { addressOf as noticeAddress, REASONS } from "../notifications/address";
import { useMarking } from "../notifications/Notices";
import classes from "./home.module.css";
import { useRecent } from "./recent";
import { useStaleBoxes } from "./stale";

const MOST = 6;
const MINE: string[] = [];

/** What waits for the user: tasks that are due, unread mentions, boxes without news, and the boxes opened last. */
export function Waiting({ pipelines }: { pipelines: readonly PipelineOut[] }) {
  return (
    <div className={classes.waiting}>
      <div className={classes.column}>
        <DueTasks />
        <Recently />
      </div>
      <div className={classes.column}>
        <ForYou />
        <Stale pipelines={pipelines} />
      </div>
    </div>
  );
}

type SectionProps = { title: string; count?: number; to?: string; more?: string; children: React.ReactNode };

function Section({ title, count, to, more, children }: SectionProps) {
  return (
    <section className={classes.section} aria-label={title}>
      <header>
        <h2>
          {title} {count !== undefined && count > 0 && <span className="numbers quiet">{count}</span>}
        </h2>
        {to && (
          <Anchor component={Link} to={to} size="sm">
            {more}
          </Anchor>
        )}
      </header>
      {children}
    </section>
  );
}

function Nothing({ children }: { children: string }) {
  return (
    <Text size="sm" className="quiet" p="sm">
      {children}
    </Text>
  );
}

function DueTasks() {
  const { query, tasks } = useAgenda(MINE, false);
  const now = useNow();
  const edit = useEditTask();
  const due = useMemo(
    () =>
      inGroups(tasks, now)
        .filter((each) => each.title === "Overdue" || each.title === "Today")
        .flatMap((group) => group.tasks.map((task) => ({ task, late: group.late === true }))),
    [tasks, now],
  );
  const shown = due.slice(0, MOST);
  const names = useBoxNames(shown.map((each) => each.task));
  return (
    <Section title="Due tasks" count={due.length} to="/tasks" more="All tasks">
      {query.data !== undefined && due.length === 0 && <Nothing>No task is due today.</Nothing>}
      <ul className={classes.list}>
        {shown.map(({ task, late }) => (
          <li key={task.key} className={classes.line}>
            <Checkbox
              aria-label={`Done: ${task.text}`}
              checked={isDone(task)}
              onChange={() =>
                edit.mutate({ task, change: { status: "DONE" }, shows: { status: "DONE" }, says: "Task done" })
              }
            />
            <span className={classes.text}>
              <Link className="plain cut" to={addressOf(task)} title={task.text}>
                {task.text}
              </Link>
              <span className="cut quiet">{names.get(task.boxKey) ?? "…"}</span>
            </span>
            <span className={agenda.due} data-late={late || undefined}>
              {task.dueDate !== undefined && <Moment at={task.dueDate} day />}
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const FOR_YOU = { params: { query: { unread: true, reason: "mention,assigned,failed", limit: MOST } } } as const;

function ForYou() {
  const query = api.useQuery("get", "/v2/notifications", FOR_YOU, { refetchOnMount: "always" });
  const { mutate: mark } = useMarking();
  const notices = query.data?.results ?? [];
  return (
    <Section title="For you" to="/notifications" more="All notifications">
      {query.data !== undefined && notices.length === 0 && (
        <Nothing>Unread mentions, assignments and failures appear here.</Nothing>
      )}
      <ul className={classes.list}>
        {notices.map((notice) => (
          <li key={notice.key} className={classes.line}>
            <span className={classes.text}>
              <Link
                className={`plain ${classes.story}`}
                to={noticeAddress(notice) ?? "/notifications"}
                onClick={() => mark({ keys: [notice.key], read: true })}
              >
                {notice.story}
              </Link>
              <span className="quiet">
                {REASONS[notice.reason] ?? notice.reason} · <Moment at={notice.timestamp} />
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Stale({ pipelines }: { pipelines: readonly PipelineOut[] }) {
  const stale = useStaleBoxes(pipelines);
  if (!stale?.length) return null;
  return (
    <Section title="Without news for two weeks">
      <ul className={classes.list}>
        {stale.map(({ box, pipeline }) => {
          const stage = pipeline.stages[box.stageKey];
          return (
            <li key={box.key} className={classes.line}>
              <span className={classes.text}>
                <Link className="plain cut" to={`/pipelines/${pipeline.key}?box=${box.key}`}>
                  {box.name}
                </Link>
                <span className="cut quiet">
                  {pipeline.name} · changed <Moment at={box.lastUpdatedTimestamp} day />
                </span>
              </span>
              {stage && <StageTag stage={stage} />}
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Recently() {
  const recent = useRecent(useMe().key);
  if (recent.length === 0) return null;
  return (
    <Section title="Recently opened">
      <ul className={classes.list}>
        {recent.slice(0, MOST).map((each) => (
          <li key={each.key} className={classes.line}>
            <span className={classes.text}>
              <Link className="plain cut" to={`/pipelines/${each.pipelineKey}?box=${each.key}`}>
                {each.name}
              </Link>
              <span className="cut quiet">{each.pipelineName}</span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}
