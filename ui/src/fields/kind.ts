/** What every kind of field consists of. `kinds.ts` lists the nine kinds. */
import type { TablerIcon } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { FieldOut } from "../api/schema";

export type Field = Pick<FieldOut, "key" | "name" | "type" | "dropdownSettings" | "tagSettings" | "displayFormat">;

export type DrawProps = { field: Field; value: unknown };

export type EditProps = {
  field: Field;
  value: unknown;
  /** Of the pipeline: whose people, contacts and organizations there are to choose from. */
  teamKey: string;
  /** Called once, with what to send; null clears the field. */
  onSave: (value: unknown) => void;
  onCancel: () => void;
  /** What was typed to begin with, where a key began the edit. */
  typed?: string | undefined;
};

export type FieldKind = {
  label: string;
  icon: TablerIcon;
  Draw: ComponentType<DrawProps>;
  /** Null where nobody writes it: it is computed. Takes the focus when it appears; Enter saves, Esc backs out. */
  Edit: ComponentType<EditProps> | null;
  /** Numbers before words, unset last: the server's order. */
  compare: (a: unknown, b: unknown, field: Field) => number;
  /** For the clipboard and for filtering by eye. */
  asText: (value: unknown, field: Field) => string;
  /** From pasted text to what is sent; undefined where the text cannot be such a value. */
  fromText: (text: string, field: Field, teamKey: string) => Promise<unknown>;
  /** Columns of numbers are set right. */
  right?: (value: unknown, field: Field) => boolean;
};
