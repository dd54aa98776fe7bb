import "@mantine/tiptap/styles.css";
import { Paper, Text } from "@mantine/core";
import { Link, RichTextEditor } from "@mantine/tiptap";
import { Placeholder } from "@tiptap/extensions";
import { type Editor as TiptapEditor, useEditor } from "@tiptap/react";
import StarterKit from "@tiptap/starter-kit";
import { type Ref, useEffect, useImperativeHandle, useRef, useState } from "react";
import { MergeFields } from "./mergeFields";
import { byShortcut, fitting, type Offer } from "./offers";
import { type Typed, typedAt } from "./typed";
import classes from "./writing.module.css";

export type EditorHandle = { insert: (html: string) => void; focus: () => void };

type EditorProps = {
  label: string;
  /** The text at the beginning. A later value is not shown: give the editor another `key`. */
  html: string;
  onChange?: (html: string) => void;
  readOnly?: boolean;
  /** Snippets and merge fields, which the writer gets by typing `;`, `/` or `{{`. */
  offers?: Offer[];
  /** Called with a snippet that the writer chose by typing. */
  onChosen?: (offer: Offer) => void;
  onSend?: () => void;
  /** Pasted files. */
  onFiles?: (files: File[]) => void;
  placeholder?: string;
  autoFocus?: boolean;
  ref?: Ref<EditorHandle>;
};

/** Formatted text: bold, italic, underlined, lists, quotes and links. It is stored as HTML. */
export default function Editor(props: EditorProps) {
  const { label, html, placeholder = "", autoFocus = false, readOnly = false, ref } = props;
  const newest = useRef(props);
  useEffect(() => {
    newest.current = props;
  });
  const [typed, setTyped] = useState<Place | null>(null);
  const list = useRef<Listbox>(null);
  const editor = useEditor({
    // The policy of the page forbids styles that are made by scripts; those of the editor are in its style sheet.
    injectCSS: false,
    editable: !readOnly,
    shouldRerenderOnTransaction: true,
    extensions: [
      StarterKit.configure({
        link: false,
        trailingNode: false,
        heading: false,
        code: false,
        codeBlock: false,
        horizontalRule: false,
      }),
      Link.configure({ defaultProtocol: "https" }),
      Placeholder.configure({ placeholder }),
      MergeFields.configure({ className: classes.mergeField ?? "" }),
    ],
    content: html,
    autofocus: autoFocus ? "start" : false,
    editorProps: {
      attributes: readOnly
        ? { "aria-label": label, role: "document" }
        : { role: "textbox", "aria-multiline": "true", "aria-label": label },
      handleKeyDown: (_view, event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && newest.current.onSend) {
          event.stopPropagation();
          newest.current.onSend();
          return true;
        }
        return list.current?.pressed(event) ?? false;
      },
      handlePaste: (_view, event) => {
        const files = [...(event.clipboardData?.files ?? [])];
        // Programs for tables and texts put a picture beside the text: the text is meant.
        if (files.length === 0 || event.clipboardData?.getData("text/plain") || !newest.current.onFiles) return false;
        newest.current.onFiles(files);
        return true;
      },
      // The composer takes dropped files.
      handleDrop: (_view, event) => (event.dataTransfer?.files.length ?? 0) > 0,
    },
    onUpdate: ({ editor: changed }) => newest.current.onChange?.(changed.isEmpty ? "" : changed.getHTML()),
    onTransaction: ({ editor: changed }) => setTyped(placeOf(changed)),
    onBlur: () => setTyped(null),
  });
  useImperativeHandle(
    ref,
    () => ({
      insert: (inserted) => void editor.chain().focus().insertContent(inserted).run(),
      focus: () => void editor.commands.focus(),
    }),
    [editor],
  );
  const choose = (offer: Offer, place: Place) => {
    const { to } = editor.state.selection;
    editor
      .chain()
      .focus()
      .deleteRange({ from: to - place.length, to })
      .insertContent(offer.html)
      .run();
    setTyped(null);
    props.onChosen?.(offer);
  };
  return (
    <RichTextEditor
      editor={editor}
      variant="subtle"
      className={classes.editor ?? ""}
      labels={{ linkEditorInputLabel: "Address of the link", linkEditorInputPlaceholder: "https://example.com" }}
    >
      {!readOnly && (
        <RichTextEditor.Toolbar className={classes.toolbar ?? ""}>
          <RichTextEditor.ControlsGroup>
            <RichTextEditor.Bold />
            <RichTextEditor.Italic />
            <RichTextEditor.Underline />
            <RichTextEditor.ClearFormatting />
          </RichTextEditor.ControlsGroup>
          <RichTextEditor.ControlsGroup>
            <RichTextEditor.BulletList />
            <RichTextEditor.OrderedList />
            <RichTextEditor.Blockquote />
          </RichTextEditor.ControlsGroup>
          <RichTextEditor.ControlsGroup>
            <RichTextEditor.Link />
            <RichTextEditor.Unlink />
          </RichTextEditor.ControlsGroup>
        </RichTextEditor.Toolbar>
      )}
      <RichTextEditor.Content className={classes.text ?? ""} />
      {typed && (
        <Offered
          ref={list}
          editor={editor}
          place={typed}
          offers={props.offers ?? []}
          onChoose={(offer) => choose(offer, typed)}
        />
      )}
    </RichTextEditor>
  );
}

type Place = Typed & { from: number };

function placeOf(editor: TiptapEditor): Place | null {
  const { selection } = editor.state;
  if (!selection.empty || !editor.isFocused) return null;
  const { $from } = selection;
  const typed = typedAt($from.parent.textBetween(0, $from.parentOffset, undefined, "\ufffc"));
  return typed && { ...typed, from: selection.from - typed.length };
}

type Listbox = { pressed: (event: KeyboardEvent) => boolean };
type OfferedProps = {
  editor: TiptapEditor;
  place: Place;
  offers: Offer[];
  onChoose: (offer: Offer) => void;
  ref: Ref<Listbox>;
};

/** The list below the caret. Arrow keys move in it, Enter and Tab choose, Esc closes it. */
function Offered({ editor, place, offers, onChoose, ref }: OfferedProps) {
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(-1);
  const found = fitting(offers, place);
  const shown = closed !== place.from && found.length > 0 && !(place.word === "" && place.mark === "/");
  const current = found[Math.min(at, found.length - 1)];
  const id = (offer: Offer) => `offer-${offer.id.replace(/\W/g, "-")}`;
  useImperativeHandle(ref, () => ({
    pressed(event) {
      // A shortcut and a blank insert the snippet at once.
      const exact = place.mark === ";" && event.key === " " ? byShortcut(offers, place.word) : undefined;
      if (exact) {
        onChoose(exact);
        return true;
      }
      if (!shown || !current) return false;
      if (event.key === "ArrowDown") setAt((at + 1) % found.length);
      else if (event.key === "ArrowUp") setAt((at - 1 + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") onChoose(current);
      else if (event.key === "Escape") {
        event.stopPropagation();
        setClosed(place.from);
      } else return false;
      return true;
    },
  }));
  const described = shown && current ? id(current) : null;
  useEffect(() => {
    const { dom } = editor.view;
    if (described) dom.setAttribute("aria-activedescendant", described);
    return () => dom.removeAttribute("aria-activedescendant");
  }, [editor, described]);
  if (!shown) return null;
  const caret = editor.view.coordsAtPos(place.from);
  const left = Math.max(8, Math.min(caret.left, window.innerWidth - 328));
  const below = caret.bottom + 280 < window.innerHeight;
  const top = below ? { top: caret.bottom + 4 } : { bottom: window.innerHeight - caret.top + 4 };
  return (
    <Paper
      className={classes.offered ?? ""}
      shadow="md"
      withBorder
      role="listbox"
      aria-label={place.mark === "{{" ? "Merge fields" : "Snippets"}
      style={{ left, ...top }}
      onMouseDown={(event) => event.preventDefault()}
    >
      {found.map((offer) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the editor handles the keys
        <div
          key={offer.id}
          id={id(offer)}
          role="option"
          aria-selected={offer === current}
          className={classes.offer}
          onClick={() => onChoose(offer)}
        >
          <span className="cut">{offer.label}</span>
          <Text span size="xs" className="quiet cut">
            {offer.hint}
          </Text>
        </div>
      ))}
    </Paper>
  );
}
