/** What others do, as it happens: one stream of events keeps what is shown up to date. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { useEffect, useRef } from "react";
import { patchBox } from "./boxes";
import { send } from "./client";
import { reached } from "./connection";
import { queries } from "./queries";
import type { BoxOut, EventOut } from "./schema";

type Listener = (event: EventOut) => void;

const listeners = new Set<Listener>();
const CALM = 300;
let pending: EventOut[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;

/** Calls `listener` with each event within the user's reach, for as long as the component is there. */
export function useEvents(listener: Listener): void {
  const newest = useRef(listener);
  useEffect(() => {
    newest.current = listener;
  });
  useEffect(() => {
    const one: Listener = (event) => newest.current(event);
    listeners.add(one);
    return () => {
      listeners.delete(one);
    };
  }, []);
}

let place = "";

/** Follows what happens until `signal` says stop. Of a browser's tabs one alone asks, and tells the others: browsers open
 * few connections to one server. */
export async function follow(signal: AbortSignal, user: string): Promise<void> {
  if (!navigator.locks) return stream(signal, () => undefined);
  const name = `boxwood-live-${user}`;
  const tabs = new BroadcastChannel(name);
  tabs.onmessage = ({ data }: MessageEvent<Told>) => hear(data);
  try {
    await navigator.locks.request(name, { signal }, () => stream(signal, (told) => tabs.postMessage(told)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    tabs.close();
  }
}

type Told = { id: string; event?: EventOut };

function hear({ id, event }: Told): void {
  if (id) place = id;
  if (event) happened(event);
}

/** After a fault it goes on from where it was. */
async function stream(signal: AbortSignal, tell: (told: Told) => void): Promise<void> {
  let pause = 500;
  while (!signal.aborted) {
    try {
      const headers: HeadersInit = place ? { "Last-Event-ID": place } : {};
      const answer = await send(new Request("/api/v2/events/stream", { headers, signal }));
      if (answer.ok && answer.body) {
        reached(true);
        pause = 500;
        if (!place) void catchUp();
        const parsed = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
        for await (const { id = "", data } of parsed) {
          const told: Told = data ? { id, event: JSON.parse(data) as EventOut } : { id };
          hear(told);
          tell(told);
        }
      }
    } catch {
      if (!signal.aborted) reached(false);
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 10_000);
  }
}

/** What was told before the stream began may have changed in between; what is being opened goes first. */
async function catchUp(): Promise<void> {
  for (let tries = 0; tries < 10 && queries.isFetching() > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  void queries.invalidateQueries({
    predicate: ({ queryKey, state, meta }) =>
      !meta?.live && (state.dataUpdatedAt > 0 || queryKey[1] === "/v2/notifications"),
  });
}

function happened(event: EventOut): void {
  for (const each of [...listeners]) each(event);
  if (event.kind.startsWith("box.") && event.boxKey && event.kind !== "box.deleted") {
    patchBox(event.boxKey, event.object as BoxOut);
  }
  pending.push(event);
  if (timer === null) timer = setTimeout(refresh, CALM);
}

function refresh(): void {
  timer = null;
  const events = pending;
  pending = [];
  void queries.invalidateQueries({
    predicate: (query) => !query.meta?.live && events.some((event) => concerns(event, query.queryKey)),
  });
}

/** Whether what a query showed may have been changed by this event. Query keys are `[method, path, { params }]`. */
export function concerns(event: EventOut, key: readonly unknown[]): boolean {
  const path = typeof key[1] === "string" ? key[1] : String(key[0]);
  const init = (key[2] ?? {}) as { params?: { path?: Record<string, string> } };
  const named = Object.entries(init.params?.path ?? {});
  const noun = event.kind.split(".")[0] ?? "";
  if (named.some(([name, value]) => name === "box" && value === event.boxKey)) return true;
  if (named.some(([name, value]) => name === "pipeline" && value === event.pipelineKey)) return true;
  if (named.some(([name, value]) => name === noun && value === event.objectKey)) return true;
  if (named.some(([name, value]) => name === "team" && value === event.teamKey)) {
    return path.includes(noun) || (noun === "team" && named.length === 1);
  }
  if (path === "/v2/trash") return /\.(deleted|restored)$/.test(event.kind);
  // Who is told of what, the server alone knows.
  if (path === "/v2/notifications") return noun !== "user";
  if (path === "/v2/pipelines")
    return ["pipeline", "stage", "field"].includes(noun) || /^box\.(created|deleted|moved)/.test(event.kind);
  return (
    named.length === 0 &&
    (path.includes(`/${noun}`) || path.includes("newsfeed") || (path === "/v1/boxes" && noun === "box"))
  );
}
