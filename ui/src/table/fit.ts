/** How wide a column has to be for its name and for what stands in its cells. */
import { useMemo, useRef } from "react";
import type { Box } from "../api/boxes";
import type { PipelineOut } from "../api/schema";
import { type Known, nameOf } from "../components/People";
import { numberIn } from "../fields/compare";
import { formatted } from "../fields/numbers";
import { inWords, lengthInWords } from "../lib/dates";
import { asText, type Column } from "./columns";

const NARROWEST = 72;
const WIDEST = 280;
/** Names are what people read first. */
const NAME = { narrowest: 200, widest: Math.min(360, Math.max(220, window.innerWidth / 4)) };
/** Padding and border of a cell. */
const AROUND = 20;
/** Icon, padding, menu and the arrow of the order in a column's header. */
const HEAD = 68;
const FACE = 30;
const CHIP = 16;

/**
 * The widths of the shown columns in pixels, measured once at the first rows, so that columns stay where they are while
 * values change. Names of contacts and organizations are loaded later, so those columns keep their usual width.
 */
export function useFittingWidths(
  columns: readonly Column[],
  boxes: readonly Box[] | undefined,
  pipeline: PipelineOut,
): ReadonlyMap<string, number> {
  const known = useRef(new Map<string, number>());
  const text = columns
    .map((column) => {
      const name = `${pipeline.key} ${column.key} ${column.name}`;
      const width = known.current.get(name) ?? fitting(column, boxes ?? [], pipeline);
      if (boxes?.length) known.current.set(name, width);
      return `${column.key}:${width}`;
    })
    .join();
  // The same map while the widths are the same, so that rows are not redrawn.
  return useMemo(
    () =>
      new Map(
        text.split(",").map((each): [string, number] => {
          const [key = "", width] = each.split(":");
          return [key, Number(width)];
        }),
      ),
    [text],
  );
}

function fitting(column: Column, boxes: readonly Box[], pipeline: PipelineOut): number {
  const head = Math.min(HEAD + measured(column.name, "550 12.5px"), WIDEST);
  if (["contacts", "organizations", "flag"].includes(column.kind)) return Math.max(head, column.width);
  const { narrowest, widest } = column.key === "name" ? NAME : { narrowest: NARROWEST, widest: WIDEST };
  const open = column.key === "name" ? FACE : 0;
  const cells = boxes.map((box) => AROUND + open + contentOf(column, box, pipeline));
  return Math.ceil(Math.min(widest, Math.max(narrowest, head, ...cells)));
}

function contentOf(column: Column, box: Box, pipeline: PipelineOut): number {
  const value = column.read(box);
  if (value === undefined || value === null || value === "") return 0;
  switch (column.kind) {
    case "stage":
    case "option":
      return CHIP + measured(asText(column, value, pipeline), "550 12px");
    case "tags": {
      const names = asText(column, value, pipeline).split(", ");
      return names.reduce((sum, name) => sum + CHIP + 4 + measured(name, "550 12px"), 0);
    }
    case "user":
    case "users":
    case "people": {
      const people = value as Known[];
      return people.length === 1 && people[0] ? FACE + measured(nameOf(people[0])) : FACE * people.length;
    }
    case "moment":
      return measured(inWords(Number(value)));
    case "length":
      return measured(lengthInWords(Number(value)));
    case "text": {
      const number = column.field?.displayFormat ? numberIn(value) : typeof value === "number" ? value : null;
      return measured(
        number === null ? asText(column, value, pipeline) : formatted(number, column.field?.displayFormat),
      );
    }
    case "words":
      return measured(String(value), column.key === "name" ? "550 13px" : undefined);
    default:
      return measured(asText(column, value, pipeline));
  }
}

let canvas: CanvasRenderingContext2D | null | undefined;

/** The width of a text in the font of the page. Only its beginning counts, because columns are narrower than long texts. */
function measured(text: string, font = "13px"): number {
  canvas ??= document.createElement("canvas").getContext("2d");
  if (!canvas) return text.length * 7;
  canvas.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  return canvas.measureText(text.slice(0, 80)).width;
}
