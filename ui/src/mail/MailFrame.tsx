import { useEffect, useRef, useState } from "react";
import { pressed } from "../commands/registry";
import classes from "./mail.module.css";

const LOWEST = 40;
const HIGHEST = 20_000;

/** Content that is wider than the frame gets smaller, down to this size. Then it scrolls. */
const SMALLEST = 0.5;

function zoomToFit(inside: Document): number {
  const root = inside.documentElement;
  root.style.zoom = "1";
  const zoom = Math.max(SMALLEST, Math.min(1, root.clientWidth / root.scrollWidth));
  root.style.zoom = String(zoom);
  return zoom;
}

/**
 * The HTML of an e-mail in a frame. The frame runs no script, and its page loads nothing from other hosts. It is as high
 * as its content, so the screen scrolls and not the frame.
 */
export function MailFrame({ page, title }: { page: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(LOWEST);
  const [loads, setLoads] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each load of the frame has a document of its own
  useEffect(() => {
    const inside = frame.current?.contentDocument;
    if (!inside?.body) return;
    const measure = () => {
      const zoom = zoomToFit(inside);
      setHeight(Math.min(HIGHEST, Math.max(LOWEST, Math.ceil(inside.body.scrollHeight * zoom))));
    };
    const watch = new ResizeObserver(measure);
    watch.observe(inside.body);
    measure();
    // Keys that are pressed in the frame work as on the rest of the screen.
    inside.addEventListener("keydown", pressed);
    return () => {
      watch.disconnect();
      inside.removeEventListener("keydown", pressed);
    };
  }, [loads]);
  return (
    <iframe
      ref={frame}
      className={classes.frame}
      sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
      src={page}
      title={title}
      style={{ height }}
      onLoad={() => setLoads((before) => before + 1)}
    />
  );
}
