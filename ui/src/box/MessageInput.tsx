import { Combobox, Group, Textarea, useCombobox } from "@mantine/core";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Face, nameOf } from "../components/People";
import { usePeople } from "../components/PersonPicker";
import classes from "./Comment.module.css";
import { useOpenBox } from "./context";
import { mentionAt, withMention } from "./mentions";

type MessageInputProps = {
  label: string;
  placeholder: string;
  value: string;
  onChange: (words: string) => void;
  onSend: () => void;
  onCancel?: () => void;
  input?: RefObject<HTMLTextAreaElement | null>;
  autoFocus?: boolean;
};

/** Text input. An @ offers the people who can see the box; Ctrl-Enter sends. */
export function MessageInput({
  label,
  placeholder,
  value,
  onChange,
  onSend,
  onCancel,
  input,
  autoFocus = false,
}: MessageInputProps) {
  const { pipeline } = useOpenBox();
  const people = usePeople(pipeline.teamKey, pipeline.aclEntries);
  const own = useRef<HTMLTextAreaElement>(null);
  const area = input ?? own;
  const [caret, setCaret] = useState(0);
  const [left, setLeft] = useState(-1);
  const place = useRef<number | null>(null);
  const combobox = useCombobox();
  const begun = mentionAt(value, caret);
  const word = begun?.word.toLowerCase() ?? "";
  const fitting = begun
    ? [...people.values()]
        .filter((each) => `${nameOf(each)} ${each.email}`.toLowerCase().includes(word))
        .filter((each) => nameOf(each).toLowerCase() !== word)
        .slice(0, 6)
    : [];
  const offered = begun !== null && begun.at !== left && fitting.length > 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: Enter chooses the first match
  useEffect(() => {
    if (offered) combobox.selectFirstOption();
  }, [offered, word]);

  function choose(name: string) {
    const next = withMention(value, caret, name);
    onChange(next.text);
    setCaret(next.caret);
    place.current = next.caret;
  }

  // Synchronous, so that the next typed character goes after the name.
  useLayoutEffect(() => {
    if (place.current !== null) area.current?.setSelectionRange(place.current, place.current);
    place.current = null;
  });

  return (
    <Combobox
      store={{ ...combobox, dropdownOpened: offered }}
      onOptionSubmit={choose}
      shadow="md"
      width={280}
      position="bottom-start"
    >
      <Combobox.Target withKeyboardNavigation={offered}>
        <Textarea
          ref={area}
          className={classes.message ?? ""}
          aria-label={label}
          placeholder={placeholder}
          autosize
          minRows={2}
          maxRows={12}
          autoFocus={autoFocus}
          value={value}
          onChange={(event) => {
            onChange(event.currentTarget.value);
            setCaret(event.currentTarget.selectionStart);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              event.stopPropagation();
              onSend();
            } else if (event.key === "Escape") {
              event.stopPropagation();
              if (offered) setLeft(begun.at);
              else if (onCancel) onCancel();
              else event.currentTarget.blur();
            }
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown onMouseDown={(event) => event.preventDefault()}>
        <Combobox.Options aria-label="People to mention">
          {fitting.map((each) => (
            <Combobox.Option key={each.userKey || each.email} value={nameOf(each)}>
              <Group gap={6} wrap="nowrap">
                <Face person={each} size={20} />
                <span className="cut">{nameOf(each)}</span>
              </Group>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
