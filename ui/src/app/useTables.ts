import { type DragEvent, useRef, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { say } from "../components/toasts";
import { keepDropped } from "../imports/dropped";

const TABLES = /\.(csv|tsv|txt|jsonl?|xlsx|xls|ods|gz)$/i;

/**
 * Opens the import when a user drops a table file on a screen of the pipeline. `over` is true while a file is held
 * above it.
 */
export function useTables(pipeline: string) {
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const target = `/pipelines/${pipeline}/import`;
  // The import screen takes files itself. Only files count, not dragged cards or rows.
  const isOurs = (event: DragEvent) => event.dataTransfer.types.includes("Files") && pathname !== target;
  const count = (by: number) => {
    depth.current = Math.max(0, depth.current + by);
    setOver(depth.current > 0);
  };
  return {
    over,
    handlers: {
      onDragEnter: (event: DragEvent) => isOurs(event) && count(1),
      onDragLeave: (event: DragEvent) => isOurs(event) && count(-1),
      onDragOver: (event: DragEvent) => isOurs(event) && event.preventDefault(),
      onDrop: (event: DragEvent) => {
        if (!isOurs(event) || event.defaultPrevented) return;
        event.preventDefault();
        count(-depth.current);
        const [file] = event.dataTransfer.files;
        if (!file) return;
        if (!TABLES.test(file.name))
          return say("A table that is dropped here is imported: CSV, JSON, JSON lines, XLSX, XLS or ODS");
        keepDropped(file);
        void navigate(target);
      },
    },
  };
}
