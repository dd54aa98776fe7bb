/** Writes CSV by the same rules as the server's exports (boxwood/lib/csv_cells.py). */

export type Cell = string | number | null | undefined;

const COMPUTED = /^'*[=+\-@\t\r\n＝＋－＠]./s;

/** Puts an apostrophe before a text that a spreadsheet would compute. An import removes it again. */
export function guarded(text: string): string {
  return COMPUTED.test(text) ? `'${text}` : text;
}

/** The rows as CSV, which Excel reads as UTF-8 because of the byte order mark. */
export function csvOf(rows: readonly (readonly Cell[])[]): string {
  return `\ufeff${rows.map((row) => `${row.map(written).join(",")}\r\n`).join("")}`;
}

function written(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  const text = typeof cell === "string" ? guarded(cell) : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function saveCsv(name: string, rows: readonly (readonly Cell[])[]): void {
  saveBlob(name, new Blob([csvOf(rows)], { type: "text/csv;charset=utf-8" }));
}

export function saveBlob(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
