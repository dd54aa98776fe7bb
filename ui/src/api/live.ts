/** Live updates: one stream of events keeps the loaded data current. */
import { EventSourceParserStream } from "eventsource-parser/stream";
import { useEffect, useRef } from "react";
import { patchBox } from "./boxes";
import { send } from "./client";
import { reportReachable } from "./connection";
import { queries } from "./queries";
import type { BoxOut, EventOut } from "./schema";

type Listener = (event: EventOut) => void;

const listeners = new Set<Listener>();
const BATCH_INTERVAL = 300;
let pending: EventOut[] = [];
let timer: ReturnType<typeof setTimeout> | null = null;

/** Calls `listener` with each event that the user may see, while the component is mounted. */
export function useEvents(listener: Listener): void {
  const newest = useRef(listener);
  useEffect(() => {
    newest.current = listener;
  });
  useEffect(() => {
    const forward: Listener = (event) => newest.current(event);
    listeners.add(forward);
    return () => {
      listeners.delete(forward);
    };
  }, []);
}

let lastEventId = "";

/**
 * Follows the event stream until `signal` aborts. Only one tab of a browser opens the stream and passes the events to
 * the other tabs, because browsers allow few connections to one server.
 */
export async function follow(signal: AbortSignal, user: string): Promise<void> {
  if (!navigator.locks) return stream(signal, () => undefined);
  const name = `boxwood-live-${user}`;
  const tabs = new BroadcastChannel(name);
  tabs.onmessage = ({ data }: MessageEvent<StreamMessage>) => receive(data);
  try {
    await navigator.locks.request(name, { signal }, () => stream(signal, (message) => tabs.postMessage(message)));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    tabs.close();
  }
}

type StreamMessage = { id: string; event?: EventOut; reload?: boolean };

function receive({ id, event, reload }: StreamMessage): void {
  if (id) lastEventId = id;
  if (reload) {
    lastEventId = "";
    void catchUp();
  }
  if (event) apply(event);
}

/** Reads the stream. After a failure it continues after the last event it received. */
async function stream(signal: AbortSignal, broadcast: (message: StreamMessage) => void): Promise<void> {
  let pause = 500;
  while (!signal.aborted) {
    try {
      const headers: HeadersInit = lastEventId ? { "Last-Event-ID": lastEventId } : {};
      const answer = await send(new Request("/api/v2/events/stream", { headers, signal }));
      if (answer.status === 400 && lastEventId) {
        // The database was set back, and this event is not in it: show what it holds now.
        receive({ id: "", reload: true });
        broadcast({ id: "", reload: true });
        continue;
      }
      if (answer.ok && answer.body) {
        reportReachable(true);
        pause = 500;
        if (!lastEventId) void catchUp();
        const parsed = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
        for await (const { id = "", data } of parsed) {
          const message: StreamMessage = data ? { id, event: JSON.parse(data) as EventOut } : { id };
          receive(message);
          broadcast(message);
        }
      }
    } catch {
      if (!signal.aborted) reportReachable(false);
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, 10_000);
  }
}

/**
 * Reloads what was loaded before the stream began, because it may have changed in between. Requests that were under way
 * finish first, however slow: the server may have read their data before the stream began.
 */
async function catchUp(): Promise<void> {
  const underWay = queries.getQueryCache().findAll({ fetchStatus: "fetching" });
  for (let tries = 0; tries < 300 && underWay.some((query) => query.state.fetchStatus === "fetching"); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  void queries.invalidateQueries({
    predicate: ({ queryKey, state, meta }) =>
      !meta?.live && (state.dataUpdatedAt > 0 || queryKey[1] === "/v2/notifications"),
  });
}

function apply(event: EventOut): void {
  for (const each of [...listeners]) each(event);
  if (event.kind.startsWith("box.") && event.boxKey && event.kind !== "box.deleted") {
    patchBox(event.boxKey, event.object as BoxOut);
  }
  pending.push(event);
  if (timer === null) timer = setTimeout(refresh, BATCH_INTERVAL);
}

function refresh(): void {
  timer = null;
  const events = pending;
  pending = [];
  void queries.invalidateQueries({
    predicate: (query) => !query.meta?.live && events.some((event) => concerns(event, query.queryKey)),
  });
}

/** Whether the event may change the result of a query. Query keys are `[method, path, { params }]`. */
export function concerns(event: EventOut, key: readonly unknown[]): boolean {
  const path = typeof key[1] === "string" ? key[1] : String(key[0]);
  const init = (key[2] ?? {}) as { params?: { path?: Record<string, string> } };
  const named = Object.entries(init.params?.path ?? {});
  const noun = event.kind.split(".")[0] ?? "";
  const { threadKey } = (event.object ?? {}) as { threadKey?: string };
  if (threadKey && named.some(([name, value]) => name === "thread" && value === threadKey)) return true;
  if (named.some(([name, value]) => name === "box" && value === event.boxKey)) return true;
  if (named.some(([name, value]) => name === "pipeline" && value === event.pipelineKey)) return true;
  if (named.some(([name, value]) => name === noun && value === event.objectKey)) return true;
  if (named.some(([name, value]) => name === "team" && value === event.teamKey)) {
    return path.includes(noun) || (noun === "team" && named.length === 1);
  }
  // The people of a conversation decide which contacts and organizations have it.
  if (/^\/v2\/(contacts|organizations)\/.*\/threads$/.test(path)) return noun === "thread" || noun === "message";
  if (path === "/v2/letters") return noun === "letter" || noun === "message";
  if (path === "/v2/drafts") return noun === "letter";
  if (path === "/v2/trash") return /\.(deleted|restored)$/.test(event.kind);
  // Only the server knows which events create a notification.
  if (path === "/v2/notifications") return noun !== "user";
  if (path === "/v2/pipelines")
    return ["pipeline", "stage", "field"].includes(noun) || /^box\.(created|deleted|moved)/.test(event.kind);
  return (
    named.length === 0 &&
    (path.includes(`/${noun.replace("_", "/")}`) ||
      path.includes("newsfeed") ||
      (path === "/v1/boxes" && noun === "box"))
  );
}
