/** What every kind of field consists of. `kinds.ts` lists the nine kinds. */
import type { TablerIcon } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { FieldOut } from "../api/schema";

export type Field = Pick<FieldOut, "key" | "name" | "type" | "dropdownSettings" | "tagSettings" | "displayFormat">;

export type DrawProps = { field: Field; value: unknown };

export type EditProps = {
  field: Field;
  value: unknown;
  /** The team of the pipeline, whose people, contacts and organizations can be chosen. */
  teamKey: string;
  /** Called once with the value to send; null clears the field. */
  onSave: (value: unknown) => void;
  onCancel: () => void;
  /** The text that was typed to start the edit, if a key started it. */
  typed?: string | undefined;
};

export type FieldKind = {
  label: string;
  icon: TablerIcon;
  Draw: ComponentType<DrawProps>;
  /**
   * Null if users cannot edit the value because it is computed. Takes the focus when it appears; Enter saves, Esc
   * cancels.
   */
  Edit: ComponentType<EditProps> | null;
  /** Numbers before words, unset values last, as the server sorts. */
  compare: (a: unknown, b: unknown, field: Field) => number;
  /** For the clipboard and for filters in the browser. */
  asText: (value: unknown, field: Field) => string;
  /** Converts pasted text to the value to send; undefined if the text is not a valid value. */
  fromText: (text: string, field: Field, teamKey: string) => Promise<unknown>;
  /** Whether the value is aligned right, as numbers are. */
  right?: (value: unknown, field: Field) => boolean;
};
