import { ActionIcon, Button, Group, Menu, Text, Textarea } from "@mantine/core";
import {
  IconArrowRight,
  IconDots,
  IconFile,
  IconMail,
  IconNotes,
  IconPencil,
  IconPhone,
  IconPlus,
  IconSquareCheck,
  IconTrash,
  type TablerIcon,
} from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, Suspense, useState } from "react";
import { api, client } from "../api/client";
import type { FileOut, MeetingOut, MessageOut, TimelineEntry } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Moment } from "../components/Moment";
import { nameOf } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import { lengthInWords } from "../lib/dates";
import { lazily } from "../lib/lazily";
import { refreshTimeline } from "./Comment";
import { isShown, targetOf } from "./contents";
import { useOpenBox } from "./context";
import values from "./Fields.module.css";
import { plain } from "./plain";
import classes from "./Timeline.module.css";
import { Words } from "./Words";

const Preview = lazily(() => import("./Preview"));

/** One entry of the timeline, drawn by its type. */
export function Entry({ entry }: { entry: TimelineEntry }) {
  if (entry.meeting) return <Meeting meeting={entry.meeting} />;
  if (entry.message) return <Message message={entry.message} />;
  if (entry.file) {
    return (
      <Line icon={IconFile} at={entry.timestamp}>
        <FileName file={entry.file} /> was added
      </Line>
    );
  }
  if (entry.thread) {
    return (
      <Line icon={IconMail} at={entry.timestamp}>
        The conversation <strong>{entry.thread.subject || "without a subject"}</strong> was added
      </Line>
    );
  }
  const icon =
    entry.type === "TASK" ? IconSquareCheck : entry.type === "NEWSFEED_BOX_EDIT" ? IconPencil : iconOfMove(entry);
  return (
    <Line icon={icon} at={entry.timestamp}>
      {entry.newsfeedEntry?.storyTextBox}
    </Line>
  );
}

function iconOfMove(entry: TimelineEntry): TablerIcon {
  return entry.newsfeedEntry?.moved ? IconArrowRight : IconPlus;
}

function Line({ icon: Icon, at, children }: { icon: TablerIcon; at: number; children: ReactNode }) {
  return (
    <div className={classes.event}>
      <span className={classes.eventIcon}>
        <Icon size={14} stroke={1.6} />
      </span>
      <Text size="sm" className={classes.eventText ?? ""}>
        {children}
      </Text>
      <Text size="xs" className={`quiet ${classes.when}`}>
        <Moment at={at} />
      </Text>
    </div>
  );
}

function FileName({ file }: { file: FileOut }) {
  const [open, setOpen] = useState(false);
  if (!isShown(file)) return <a {...targetOf(file)}>{file.fileName}</a>;
  return (
    <>
      <button type="button" className={classes.link} onClick={() => setOpen(true)}>
        {file.fileName}
      </button>
      {open && (
        <Suspense fallback={null}>
          <Preview file={file} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}

function Meeting({ meeting }: { meeting: MeetingOut }) {
  const { pipeline, may } = useOpenBox();
  const mayEdit = may("MEETING");
  const people = usePeople(pipeline.teamKey, pipeline.aclEntries);
  const author = people.get(meeting.creatorKey);
  const [words, setWords] = useState<string | null>(null);
  const isCall = meeting.meetingType === "CALL_LOG";
  const params = { path: { meeting: meeting.key } };
  const save = useMutation({
    mutationFn: (notes: string) => client.POST("/v2/meetings/{meeting}", { params, body: { notes } }),
    onSuccess: async ({ response }) => {
      await refreshTimeline();
      setWords(null);
      offerUndo("Notes changed", response);
    },
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/meetings/{meeting}", { params }),
    onSuccess: ({ response }) => {
      void refreshTimeline();
      offerUndo(isCall ? "Call deleted" : "Meeting deleted", response);
    },
  });
  return (
    <article className={classes.card} aria-label={isCall ? "Call" : "Meeting"}>
      <Group gap={6} wrap="nowrap">
        {isCall ? <IconPhone size={15} stroke={1.6} /> : <IconNotes size={15} stroke={1.6} />}
        <strong>{isCall ? "Call" : "Meeting"}</strong>
        <Text span size="xs" className="quiet cut">
          {author && `${nameOf(author)}, `}
          <Moment at={meeting.startTimestamp} />
          {meeting.duration ? `, ${lengthInWords(meeting.duration)}` : ""}
        </Text>
        {mayEdit && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon size="sm" ml="auto" aria-label={isCall ? "More about this call" : "More about this meeting"}>
                <IconDots size={15} stroke={1.6} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item
                leftSection={<IconPencil size={15} stroke={1.6} />}
                onClick={() => setWords(plain(meeting.notes))}
              >
                Edit
              </Menu.Item>
              <Menu.Item color="red" leftSection={<IconTrash size={15} stroke={1.6} />} onClick={() => remove.mutate()}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {words === null ? (
        meeting.notes && <Words text={plain(meeting.notes)} />
      ) : (
        <>
          <Textarea
            aria-label="Notes of it"
            autoFocus
            autosize
            mt={6}
            minRows={2}
            maxRows={16}
            value={words}
            onChange={(event) => setWords(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") {
                event.stopPropagation();
                setWords(null);
              } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save.mutate(words);
            }}
          />
          <Group gap="xs" mt={6}>
            <Button size="compact-sm" loading={save.isPending} onClick={() => save.mutate(words)}>
              Save
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => setWords(null)}>
              Cancel
            </Button>
          </Group>
        </>
      )}
    </article>
  );
}

function Message({ message }: { message: MessageOut }) {
  const [whole, setWhole] = useState(false);
  const text = message.text.trim();
  const long = text.length > 400 || text.split("\n").length > 6;
  return (
    <article className={classes.card} aria-label={`E-mail: ${message.subject}`}>
      <Group gap={6} wrap="nowrap">
        <IconMail size={15} stroke={1.6} />
        <strong className="cut">{message.subject || "Without a subject"}</strong>
        <Text span size="xs" className="quiet" ml="auto" style={{ whiteSpace: "nowrap" }}>
          <Moment at={message.timestamp} />
        </Text>
      </Group>
      <Text size="xs" className="quiet cut">
        {message.from.name || message.from.email} to {message.to.map((each) => each.name || each.email).join(", ")}
      </Text>
      <p className={values.text} data-short={(long && !whole) || undefined}>
        {text}
      </p>
      {long && (
        <button type="button" className={classes.link} aria-expanded={whole} onClick={() => setWhole((was) => !was)}>
          {whole ? "Show less" : "Show all of it"}
        </button>
      )}
      {message.files.length > 0 && (
        <Group gap="sm" mt={4}>
          {message.files.map((file) => (
            <FileName key={file.key} file={file} />
          ))}
        </Group>
      )}
    </article>
  );
}

/** The beginning of the comment that a reply answers. */
export function Quoted({ comment }: { comment: string }) {
  const query = api.useQuery("get", "/v2/comments/{comment}", { params: { path: { comment } } });
  return (
    <Text size="xs" className={`quiet cut ${classes.quoted}`}>
      {query.isError ? "A reply to what was deleted" : `A reply to “${query.data?.message ?? "…"}”`}
    </Text>
  );
}
