import { Button, Group, Kbd, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { Part } from "../api/rights";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { useCommands } from "../commands/registry";
import { PersonPicker } from "../components/PersonPicker";
import { DAY, exact, here, isDay, readDate } from "../lib/dates";
import { useSearch } from "../lib/search";
import { refreshTimeline } from "./Comment";
import classes from "./Comment.module.css";
import { useOpenBox } from "./context";
import { useDraft } from "./drafts";
import { MessageInput } from "./MessageInput";

const FORMS = {
  comment: { label: "Comment", placeholder: "Write a comment; @ names somebody", save: "Comment" },
  task: { label: "Task", placeholder: "What is to be done?", save: "Add the task" },
  call: { label: "Call", placeholder: "What was said on the phone?", save: "Log the call" },
  meeting: { label: "Meeting", placeholder: "What was talked about?", save: "Keep the notes" },
} as const;
type Way = keyof typeof FORMS;
/** What can be written, each with what a permission set calls it. */
export const WAYS: { way: Way; part: Part }[] = [
  { way: "comment", part: "COMMENT" },
  { way: "task", part: "TASK" },
  { way: "call", part: "MEETING" },
  { way: "meeting", part: "MEETING" },
];

/** Writes a comment, a task, a call or the notes of a meeting. A draft stays until it is saved. */
export function Composer({ ways }: { ways: typeof WAYS }) {
  const { box, pipeline } = useOpenBox();
  const me = useMe();
  const [way, setWay] = useState<Way>(ways[0]?.way ?? "comment");
  const [words, setWords] = useDraft(`${box.key} ${way}`);
  const [when, setWhen] = useState("");
  const [minutes, setMinutes] = useState("");
  const [people, setPeople] = useState([me.key]);
  const input = useRef<HTMLTextAreaElement>(null);
  const at = useRead(when);
  const unread = when.trim() !== "" && at === null;

  const path = { path: { box: box.key } };
  const send = useMutation({
    mutationFn: async () => {
      const message = words.trim();
      if (way === "comment") {
        const body = { message, searchForAtMentions: true };
        return (await client.POST("/v2/boxes/{box}/comments", { params: path, body })).response;
      }
      if (way === "task") {
        const assignedTo = people.map((userKey) => ({ userKey }));
        const body = { text: message, assignedTo, ...(at === null ? {} : { dueDate: at }) };
        return (await client.POST("/v2/boxes/{box}/tasks", { params: path, body })).response;
      }
      const length = Number(minutes) > 0 ? { duration: Math.round(Number(minutes) * 60_000) } : {};
      const meetingType = way === "call" ? ("CALL_LOG" as const) : ("MEETING_NOTES" as const);
      // A meeting on a day without a time is in the middle of the day.
      const startTimestamp = at === null ? Date.now() : isDay(at) ? here(at) + DAY / 2 : at;
      const body = { meetingType, startTimestamp, notes: message, ...length };
      return (await client.POST("/v2/boxes/{box}/meetings", { params: path, body })).response;
    },
    onSuccess: async (response) => {
      setWords("");
      setWhen("");
      setMinutes("");
      offerUndo(`${FORMS[way].label} added`, response);
      await Promise.all([refreshTimeline(), queries.invalidateQueries({ queryKey: ["get", "/v2/boxes/{box}/tasks"] })]);
    },
  });
  const ready = !send.isPending && !unread && (words.trim() !== "" || (way === "call" && Number(minutes) > 0));
  const submit = () => ready && send.mutate();

  function turn(to: Way) {
    // Synchronous, so that the next typed character goes into the input.
    flushSync(() => setWay(to));
    input.current?.focus();
  }
  // A link can ask for this form with a parameter of the address.
  const [search, setSearch] = useSearch();
  const requested = search.get("write");
  useEffect(() => {
    if (requested !== "comment" && requested !== "task") return;
    if (!ways.some((each) => each.way === requested)) return;
    setWay(requested);
    input.current?.focus();
    setSearch(
      (before) => {
        before.delete("write");
        return before;
      },
      { replace: true },
    );
  }, [requested, setSearch, ways]);
  useCommands(
    [
      { id: "box-comment", label: "Comment on the box", section: "Box", keys: "c", run: () => turn("comment") },
      { id: "box-task", label: "Add a task to the box", section: "Box", keys: "t", run: () => turn("task") },
      { id: "box-call", label: "Log a call", section: "Box", keys: "l", run: () => turn("call") },
      { id: "box-meeting", label: "Keep notes of a meeting", section: "Box", keys: "m", run: () => turn("meeting") },
    ].filter((command) => ways.some(({ way: each }) => command.id === `box-${each}`)),
  );

  return (
    <section className={classes.composer} aria-label="Write">
      <SegmentedControl
        size="xs"
        aria-label="What to write"
        value={way}
        onChange={(value) => turn(value as Way)}
        data={ways.map(({ way: value }) => ({ value, label: FORMS[value].label }))}
      />
      <MessageInput
        input={input}
        label={FORMS[way].label}
        placeholder={FORMS[way].placeholder}
        value={words}
        onChange={setWords}
        onSend={submit}
      />
      {way !== "comment" && (
        <Group gap="xs" align="flex-start" className={classes.composerMore ?? ""}>
          <TextInput
            size="xs"
            aria-label={way === "task" ? "Due" : "When"}
            placeholder={way === "task" ? "Due: next fri, in 3 days" : "When: now"}
            value={when}
            onChange={(event) => setWhen(event.currentTarget.value)}
            onKeyDown={(event) => event.key === "Enter" && submit()}
            error={unread ? "That is no date" : null}
            description={at === null ? null : exact(at)}
            inputWrapperOrder={["input", "description", "error"]}
          />
          {way === "task" ? (
            <PersonPicker
              size="xs"
              teamKey={pipeline.teamKey}
              aria-label="Who does it"
              placeholder={people.length ? "" : "Who does it"}
              value={people}
              onChange={setPeople}
              known={pipeline.aclEntries}
            />
          ) : (
            <TextInput
              size="xs"
              w={110}
              inputMode="numeric"
              aria-label="Minutes"
              placeholder="Minutes"
              value={minutes}
              onChange={(event) => setMinutes(event.currentTarget.value.replace(/[^\d.]/g, ""))}
              onKeyDown={(event) => event.key === "Enter" && submit()}
            />
          )}
        </Group>
      )}
      <Group gap="xs">
        <Button size="compact-sm" disabled={!ready} loading={send.isPending} onClick={submit}>
          {FORMS[way].save}
        </Button>
        {words.trim() !== "" && (
          <Text size="xs" className="quiet">
            <Kbd size="xs">Ctrl</Kbd> <Kbd size="xs">Enter</Kbd>
          </Text>
        )}
      </Group>
    </section>
  );
}

function useRead(words: string): number | null {
  const [meant, setMeant] = useState<number | null>(null);
  useEffect(() => {
    let current = true;
    void readDate(words).then((at) => current && setMeant(at));
    return () => {
      current = false;
    };
  }, [words]);
  return words.trim() === "" ? null : meant;
}
