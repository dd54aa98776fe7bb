import type { Column } from "./columns";

/** A column as the table shows it: how wide it is and where it begins. */
export type Shown = { column: Column; width: number; left: number; frozen: boolean };
