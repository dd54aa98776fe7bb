import { ActionIcon, Checkbox, Menu, Text } from "@mantine/core";
import { IconCalendarPlus, IconClockPause, IconDots, IconTrash } from "@tabler/icons-react";
import type { TaskEdit, TaskOut } from "../api/schema";
import { Moment, useNow } from "../components/Moment";
import { Faces, type Known } from "../components/People";
import { Ready } from "../components/states";
import { kindOf } from "../fields/kinds";
import { isOver, readDate } from "../lib/dates";
import { useOpenBox } from "./context";
import values from "./Fields.module.css";
import { InPlace } from "./InPlace";
import { Section } from "./Section";
import classes from "./Tasks.module.css";
import { inOrder, isDone, useTasks } from "./tasks";

const TEXT = { key: "text", name: "Task", type: "TEXT_INPUT" };
const DUE = { key: "due", name: "Due", type: "DATE" };
const PEOPLE = { key: "people", name: "Who does it", type: "PERSON" };
const SNOOZES = ["tomorrow", "next monday", "in 1 week", "in 1 month"];

/** The tasks of the box, open ones first, by due date. */
export function Tasks() {
  const { box, may } = useOpenBox();
  const mayEdit = may("TASK");
  const { query, edit, remove } = useTasks(box.key);
  return (
    <Section title="Tasks" count={box.taskIncompleteCount}>
      <Ready query={query} loading={null}>
        {({ results }) =>
          results.length === 0 ? (
            <Text size="sm" className="quiet">
              {mayEdit ? "Nothing to do. Press t to add a task." : "Nothing to do."}
            </Text>
          ) : (
            <ul className={classes.tasks} aria-label="Tasks">
              {inOrder(results).map((task) => (
                <TaskLine
                  key={task.key}
                  task={task}
                  edit={(change, shows, says) => edit({ task, change, shows, says })}
                  remove={() => remove(task)}
                />
              ))}
            </ul>
          )
        }
      </Ready>
    </Section>
  );
}

type TaskLineProps = {
  task: TaskOut;
  edit: (change: TaskEdit, shows: Partial<TaskOut>, says: string) => void;
  remove: () => void;
};

function TaskLine({ task, edit, remove }: TaskLineProps) {
  const { pipeline, may } = useOpenBox();
  const mayEdit = may("TASK");
  const now = useNow();
  const done = isDone(task);
  const late = !done && task.dueDate !== undefined && isOver(task.dueDate, now);
  const [EditText, EditDue, EditPeople] = [TEXT, DUE, PEOPLE].map((each) => kindOf(each).Edit);
  const setDue = (dueDate: number | null) =>
    edit({ dueDate: dueDate ?? -1 }, { dueDate: dueDate ?? undefined } as Partial<TaskOut>, "Due date changed");
  return (
    <li className={classes.task} data-done={done || undefined} aria-label={task.text}>
      <Checkbox
        size="sm"
        checked={done}
        disabled={!mayEdit}
        aria-label={`Done: ${task.text}`}
        onChange={() => {
          const status = done ? "NOT_DONE" : "DONE";
          edit({ status }, { status, lastStatusChangeDate: Date.now() }, done ? "Task reopened" : "Task done");
        }}
      />
      <div className={classes.taskText}>
        <InPlace
          label="task"
          value={task.text}
          draw={<span className={values.text}>{task.text}</span>}
          edit={
            mayEdit && EditText
              ? (close) => (
                  <EditText
                    field={TEXT}
                    value={task.text}
                    teamKey={pipeline.teamKey}
                    onSave={(value) => {
                      const text = String(value ?? "").trim();
                      if (text && text !== task.text) edit({ text }, { text }, "Task changed");
                      close();
                    }}
                    onCancel={close}
                  />
                )
              : null
          }
        />
      </div>
      <div className={classes.due} data-late={late || undefined}>
        <InPlace
          label="due date"
          value={task.dueDate}
          empty="No date"
          draw={task.dueDate !== undefined && <Moment at={task.dueDate} day />}
          edit={
            mayEdit && EditDue
              ? (close) => (
                  <EditDue
                    field={DUE}
                    value={task.dueDate}
                    teamKey={pipeline.teamKey}
                    onSave={(value) => {
                      const due = value as number | null;
                      if ((due ?? undefined) !== task.dueDate) setDue(due);
                      close();
                    }}
                    onCancel={close}
                  />
                )
              : null
          }
        />
      </div>
      <div className={classes.taskPeople}>
        <InPlace
          label="who does it"
          value={task.assignedToSharingEntries}
          empty="None"
          draw={<Faces people={task.assignedToSharingEntries} most={3} />}
          edit={
            mayEdit && EditPeople
              ? (close) => (
                  <EditPeople
                    field={PEOPLE}
                    value={task.assignedToSharingEntries}
                    teamKey={pipeline.teamKey}
                    onSave={(value) => {
                      const people = (value ?? []) as Known[];
                      edit(
                        { assignedTo: people.map(({ userKey, email }) => (userKey ? { userKey } : { email })) },
                        {},
                        "Task assigned",
                      );
                      close();
                    }}
                    onCancel={close}
                  />
                )
              : null
          }
        />
      </div>
      {mayEdit && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon size="sm" aria-label={`More about ${task.text}`}>
              <IconDots size={15} stroke={1.6} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {!done && (
              <>
                <Menu.Label>Snooze until</Menu.Label>
                {SNOOZES.map((words) => (
                  <Menu.Item
                    key={words}
                    leftSection={<IconClockPause size={15} stroke={1.6} />}
                    onClick={() => void readDate(words).then((at) => at !== null && setDue(at))}
                  >
                    {words}
                  </Menu.Item>
                ))}
              </>
            )}
            {task.dueDate !== undefined && (
              <Menu.Item leftSection={<IconCalendarPlus size={15} stroke={1.6} />} onClick={() => setDue(null)}>
                Take the date off
              </Menu.Item>
            )}
            <Menu.Item color="red" leftSection={<IconTrash size={15} stroke={1.6} />} onClick={remove}>
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </li>
  );
}
