/** A table file that was dropped on another screen of the pipeline and is on its way to the import. */
import type { Table } from "./table";

let held: Table | null = null;

export function keepDropped(file: File): void {
  held = { name: file.name, content: file };
}

/** Takes the file. A second call returns null. */
export function takeDropped(): Table | null {
  const table = held;
  held = null;
  return table;
}
