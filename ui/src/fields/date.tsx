import { Popover, Text, TextInput } from "@mantine/core";
import { IconCalendar } from "@tabler/icons-react";
import { Suspense, useEffect, useRef, useState } from "react";
import { dayAndMonth, dayInWords, exact, here, readDate } from "../lib/dates";
import { lazily } from "../lib/lazily";
import { compareValues, isUnset } from "./compare";
import type { DrawProps, EditProps, FieldKind } from "./kind";
import { useKeys } from "./useKeys";
import { useUnread } from "./useUnread";

const Calendar = lazily(() => import("../components/Calendar"));

function Draw({ value }: DrawProps) {
  if (typeof value !== "number") return null;
  return (
    <time dateTime={new Date(value).toISOString()} title={exact(value)}>
      {asDay(value)}
    </time>
  );
}

/** Days close to today in words, others as a date. */
function asDay(at: number): string {
  const words = dayInWords(at);
  return /^\d+ days ago$/.test(words) ? dayAndMonth(at) : words;
}

function Edit({ field, value, onSave, onCancel, typed }: EditProps) {
  const before = typeof value === "number" ? dated(value) : "";
  const [words, setWords] = useState(typed ?? before);
  const [meant, setMeant] = useState<number | null>(typeof value === "number" ? value : null);
  // A picked day wins over the typed text, even if the text loses the focus later or is still being parsed.
  const picked = useRef(false);
  const [problem, setProblem] = useState<string | null>(null);
  const save = async () => {
    if (words === before) return onCancel();
    const at = words.trim() === "" ? null : await readDate(words);
    if (picked.current) return;
    if (at === null && words.trim() !== "") {
      setProblem(`“${words.trim()}” isn’t a date`);
      return false;
    }
    onSave(at);
  };
  const cancel = () => {
    setProblem(null);
    onCancel();
  };
  const keys = useKeys(save, cancel);
  useUnread(problem);
  const pick = (at: number) => {
    picked.current = true;
    setProblem(null);
    onSave(at);
  };
  useEffect(() => {
    let current = true;
    void readDate(words).then((at) => current && setMeant(at));
    return () => {
      current = false;
    };
  }, [words]);
  return (
    <Popover opened position="bottom-start" shadow="md" trapFocus={false}>
      <Popover.Target>
        <TextInput
          aria-label={field.name}
          autoFocus
          placeholder="next fri, 12 Mar, in 3 days"
          value={words}
          error={problem}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            setProblem(null);
          }}
          onFocus={(event) => typed === undefined && event.currentTarget.select()}
          {...keys}
        />
      </Popover.Target>
      {/* A click here must not take the focus from the text field, because that would save the text. */}
      <Popover.Dropdown p="xs" onMouseDown={(event) => event.preventDefault()}>
        <Text size="xs" className="quiet" mb={4}>
          {words.trim() === "" ? "Clears the date" : meant === null ? "Not a date yet" : exact(meant)}
        </Text>
        <Suspense fallback={null}>
          <Calendar value={meant} onPick={pick} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}

function dated(at: number): string {
  const day = new Date(here(at));
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}

export const date: FieldKind = {
  label: "Date",
  icon: IconCalendar,
  Draw,
  Edit,
  compare: compareValues,
  asText: (value) => (isUnset(value) ? "" : dated(Number(value))),
  fromText: async (words) => (words.trim() === "" ? null : ((await readDate(words)) ?? undefined)),
};
