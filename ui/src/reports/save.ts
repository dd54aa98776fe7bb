/** Saves a report: its numbers as CSV, its chart as PNG. */
import { saveBlob, saveCsv } from "../lib/csv";

export type Row = Record<string, string | number | null>;

export function saveRows(name: string, rows: readonly Row[]): void {
  const names = Object.keys(rows[0] ?? {});
  saveCsv(name, [names, ...rows.map((row) => names.map((each) => row[each]))]);
}

/** Saves the chart in this element at twice its size. */
export async function savePicture(name: string, holder: HTMLElement): Promise<void> {
  const drawn = holder.querySelector("svg.recharts-surface");
  if (!(drawn instanceof SVGSVGElement)) return;
  const { width, height } = drawn.getBoundingClientRect();
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copyLooks(drawn, copy);
  const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * 2, height * 2];
  const brush = canvas.getContext("2d");
  if (!brush) return;
  brush.fillStyle = getComputedStyle(document.body).backgroundColor;
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  canvas.toBlob((blob) => blob && saveBlob(name, blob), "image/png");
}

const COPIED_STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "opacity"];

/** Copies computed styles, because the saved picture cannot read the page's CSS variables. */
function copyLooks(from: Element, to: Element): void {
  const looks = getComputedStyle(from);
  for (const name of COPIED_STYLES) to.setAttribute(name, looks.getPropertyValue(name));
  for (const [at, child] of [...from.children].entries()) {
    const other = to.children[at];
    if (other) copyLooks(child, other);
  }
}
