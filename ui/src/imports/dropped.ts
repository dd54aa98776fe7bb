/** A table that was dropped on another screen of the pipeline, on its way to the import. */
import type { Table } from "./table";

let held: Table | null = null;

export function hold(file: File): void {
  held = { name: file.name, content: file };
}

/** Once: what was taken is held no more. */
export function taken(): Table | null {
  const table = held;
  held = null;
  return table;
}
