import { Combobox, Group, TextInput, useCombobox } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";

export type Choice = { value: string; label: string; shown?: ReactNode };

type PickerProps = {
  label: string;
  options: Choice[];
  chosen: string[];
  many?: boolean;
  typed?: string | undefined;
  /** Called with the typed text, if the server provides the options. */
  onSearch?: (words: string) => void;
  nothing?: string;
  /** The options for the typed text are being loaded, and Enter waits for them. */
  busy?: boolean;
  /** The option that creates a new value from the typed text, such as an address. */
  create?: (words: string) => Choice | null;
  /** Creates the value on the server when that option is chosen. Returns its key, or null if the server refused. */
  onCreate?: (words: string) => Promise<string | null>;
  onDone: (values: string[]) => void;
  onCancel: () => void;
};

/**
 * Chooses by typing or with arrows. Single: the choice saves. Multiple: Enter selects or clears an option, leaving
 * saves.
 */
export function Picker({
  label,
  options,
  chosen,
  many = false,
  typed,
  onSearch,
  nothing,
  busy = false,
  create,
  onCreate,
  onDone,
  onCancel,
}: PickerProps) {
  const [words, setWords] = useState(typed ?? "");
  const [picked, setPicked] = useState(chosen);
  /** The choice before it is drawn, so that a choice made just before leaving counts. */
  const held = useRef(chosen);
  const done = useRef(false);
  const making = useRef<Promise<string | null> | null>(null);
  const combobox = useCombobox({ defaultOpened: true });
  const once = (what: () => void) => {
    if (done.current) return;
    done.current = true;
    what();
  };
  const pick = (change: (before: string[]) => string[]) => {
    held.current = change(held.current);
    setPicked(held.current);
  };
  const wanted = words.trim().toLowerCase();
  const shown = onSearch ? options : options.filter((each) => each.label.toLowerCase().includes(wanted));
  const made = wanted && create ? create(words.trim()) : null;

  // biome-ignore lint/correctness/useExhaustiveDependencies: Enter chooses the first matching option
  useEffect(() => {
    combobox.selectFirstOption();
  }, [words, options.length, made?.value]);

  /**
   * Saves. If a new value is being created, saving waits for it, so that it counts even if the user has left the
   * field.
   */
  const finish = () =>
    once(async () => {
      const now = held.current;
      const made = await making.current;
      onDone(made ? [...now.filter((each) => each !== made), made] : now);
    });

  async function make() {
    if (making.current || !onCreate) return;
    const entered = words;
    making.current = onCreate(entered.trim());
    const value = await making.current;
    making.current = null;
    if (value === null || done.current) return;
    if (!many) return once(() => onDone([value]));
    pick((before) => [...before, value]);
    setWords((now) => (now === entered ? "" : now));
    onSearch?.("");
  }

  function choose(value: string) {
    if (onCreate && value === made?.value) return void make();
    if (!many) return once(() => onDone(picked.includes(value) ? [] : [value]));
    pick((before) => (before.includes(value) ? before.filter((each) => each !== value) : [...before, value]));
    setWords("");
    onSearch?.("");
  }

  return (
    <Combobox store={combobox} onOptionSubmit={choose} withinPortal shadow="md" width={260} position="bottom-start">
      <Combobox.Target>
        <TextInput
          aria-label={label}
          autoFocus
          placeholder="Type to find"
          value={words}
          onChange={(event) => {
            setWords(event.currentTarget.value);
            onSearch?.(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") {
              event.stopPropagation();
              // The ticks are seen to be set, so leaving keeps them.
              if (many && String(held.current) !== String(chosen)) finish();
              else once(onCancel);
            } else if (
              event.key === "Enter" &&
              (event.ctrlKey || event.metaKey || (many && !busy && combobox.getSelectedOptionIndex() < 0))
            ) {
              event.stopPropagation();
              finish();
            } else if (event.key === "Enter" && busy) {
              event.preventDefault();
              event.stopPropagation();
            } else if (event.key === "Tab") {
              if (many) finish();
              else once(onCancel);
            } else if (event.key === "Backspace" && words === "" && many) {
              pick((before) => before.slice(0, -1));
            }
          }}
          onBlur={() => {
            if (making.current || (many && String(held.current) !== String(chosen))) finish();
            else once(onCancel);
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown onMouseDown={(event) => event.preventDefault()}>
        <Combobox.Options mah={260} style={{ overflowY: "auto" }} aria-label={label}>
          {shown.map((each) => (
            <Combobox.Option key={each.value} value={each.value} active={picked.includes(each.value)}>
              <Group gap="xs" justify="space-between" wrap="nowrap">
                {each.shown ?? <span className="cut">{each.label}</span>}
                {picked.includes(each.value) && <IconCheck size={14} />}
              </Group>
            </Combobox.Option>
          ))}
          {made && (
            <Combobox.Option key={made.value} value={made.value}>
              {made.label}
            </Combobox.Option>
          )}
          {shown.length === 0 && !made && (
            <Combobox.Empty>{busy ? "Searching …" : (nothing ?? "No matches")}</Combobox.Empty>
          )}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
