import { Textarea } from "@mantine/core";
import { useRef, useState } from "react";
import { useEditBox } from "../api/boxes";
import { useKeys } from "../fields/useKeys";
import classes from "./Box.module.css";
import { useOpenBox } from "./context";
import { InPlace } from "./InPlace";
import { Words } from "./Words";

/** The name of the box, edited in place. */
export function Heading() {
  const { box, mayEdit } = useOpenBox();
  const { mutate: edit } = useEditBox();
  return (
    <h1 className={classes.name} aria-label={box.name}>
      <InPlace
        label="name"
        value={box.name}
        draw={box.name}
        edit={
          mayEdit
            ? (close) => (
                <NameEdit
                  name={box.name}
                  onDone={(name) => {
                    if (name && name !== box.name) edit({ box, edit: { name }, says: "Renamed" });
                    close();
                  }}
                />
              )
            : null
        }
      />
    </h1>
  );
}

function NameEdit({ name, onDone }: { name: string; onDone: (name: string | null) => void }) {
  const [words, setWords] = useState(name);
  const keys = useKeys(
    () => onDone(words.trim()),
    () => onDone(null),
  );
  return (
    <Textarea
      aria-label="Name of the box"
      autoFocus
      autosize
      minRows={1}
      maxRows={4}
      value={words}
      onChange={(event) => setWords(event.currentTarget.value.replace(/\n/g, " "))}
      onFocus={(event) => event.currentTarget.select()}
      {...keys}
    />
  );
}

/** Notes of several lines. Ctrl-Enter and leaving save, Esc cancels. */
export function Notes() {
  const { box, mayEdit } = useOpenBox();
  const { mutate: edit } = useEditBox();
  return (
    <InPlace
      label="notes"
      value={box.notes}
      empty="Add notes"
      draw={<Words text={box.notes ?? ""} />}
      edit={
        mayEdit
          ? (close) => (
              <NotesEdit
                notes={box.notes ?? ""}
                onDone={(notes) => {
                  if (notes !== null && notes !== (box.notes ?? ""))
                    edit({ box, edit: { notes }, says: "Notes changed" });
                  close();
                }}
              />
            )
          : null
      }
    />
  );
}

function NotesEdit({ notes, onDone }: { notes: string; onDone: (notes: string | null) => void }) {
  const [words, setWords] = useState(notes);
  const done = useRef(false);
  const once = (result: string | null) => {
    if (done.current) return;
    done.current = true;
    onDone(result);
  };
  return (
    <Textarea
      aria-label="Notes"
      autoFocus
      autosize
      minRows={3}
      maxRows={16}
      value={words}
      onChange={(event) => setWords(event.currentTarget.value)}
      onBlur={() => once(words)}
      onKeyDown={(event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          once(null);
        } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.stopPropagation();
          once(words);
        }
      }}
    />
  );
}
