/** Saves a draft while it is written. A change that somebody else made in between is never overwritten unasked. */
import { useEffect, useRef, useState } from "react";
import { client } from "../api/client";
import { Problem } from "../api/problem";
import { queries } from "../api/queries";
import type { DraftEdit, DraftOut } from "../api/schema";

export type SaveState = "saved" | "changed" | "saving" | "failed" | "conflict" | "gone";
const PAUSE = 600;
const RETRY = 4_000;

export const draftKey = (key: string) => ["get", "/v2/drafts/{draft}", { params: { path: { draft: key } } }] as const;
export const refreshDrafts = () => queries.invalidateQueries({ queryKey: ["get", "/v2/drafts"] });

const isEmpty = (edit: DraftEdit) => Object.keys(edit).length === 0;

export function useSaving(draft: DraftOut) {
  const [content, setContent] = useState(draft);
  const [state, setState] = useState<SaveState>("saved");
  const [error, setError] = useState<unknown>(null);
  const version = useRef(draft.version);
  const pending = useRef<DraftEdit>({});
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  const stopped = useRef(false);
  const params = { path: { draft: draft.key } };

  /** Runs one request after another, because each needs the version that the one before it made. */
  function inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = queue.current.then(run, run);
    queue.current = result.catch(() => {});
    return result;
  }

  /** Takes over what the server answered. Text that is being typed stays as it is. */
  function learn(saved: DraftOut): void {
    version.current = saved.version;
    queries.setQueryData(draftKey(draft.key), saved);
    setContent((now) => ({ ...now, version: saved.version, files: saved.files }));
  }

  function refused(refusal: unknown): void {
    const status = refusal instanceof Problem ? refusal.status : 0;
    setError(refusal);
    setState(status === 409 || status === 412 ? "conflict" : status === 404 ? "gone" : "failed");
    stopped.current = status === 409 || status === 412 || status === 404;
    // Without a connection it is tried again until there is one.
    if (refusal instanceof Problem && refusal.unreachable) later(RETRY);
  }

  function later(pause: number): void {
    clearTimeout(timer.current);
    if (!stopped.current) timer.current = setTimeout(() => void flush().catch(() => {}), pause);
  }

  /** Saves what was changed now. Fails if it cannot be saved. */
  function flush(keepalive = false): Promise<void> {
    clearTimeout(timer.current);
    return inTurn(async () => {
      const edit = pending.current;
      if (isEmpty(edit)) return;
      pending.current = {};
      setState("saving");
      try {
        const body = { ...edit, version: version.current };
        const { data } = await client.POST("/v2/drafts/{draft}", { params, body, keepalive });
        learn(data as DraftOut);
        setError(null);
        setState(isEmpty(pending.current) ? "saved" : "changed");
      } catch (refusal) {
        pending.current = { ...edit, ...pending.current };
        refused(refusal);
        throw refusal;
      }
    });
  }

  function change(edit: DraftEdit, shown: Partial<DraftOut> = edit as Partial<DraftOut>): void {
    setContent((now) => ({ ...now, ...shown }));
    pending.current = { ...pending.current, ...edit };
    if (!stopped.current) setState("changed");
    later(PAUSE);
  }

  async function attach(file: File): Promise<void> {
    await flush();
    const form = new FormData();
    form.append("file", file);
    await inTurn(async () => {
      const { data } = await client.POST("/v2/drafts/{draft}/files", {
        params,
        body: { file: "" } as never,
        bodySerializer: () => form,
      });
      learn(data as DraftOut);
    });
  }

  /** Saves this text over the other version. */
  async function overwrite(): Promise<void> {
    const { data } = await client.GET("/v2/drafts/{draft}", { params });
    version.current = (data as DraftOut).version;
    stopped.current = false;
    await flush();
  }

  /** Saves this text as a draft of its own. The other version stays as it is. */
  async function keepBoth(): Promise<DraftOut> {
    const { kind, messageKey, boxKey, contactKey, threadKey, mailboxKey, to, cc, bcc, subject, html, track } = content;
    const { data } = await client.POST("/v2/drafts", {
      body: {
        kind: kind as NonNullable<DraftEdit["kind"]>,
        ...(messageKey && { messageKey }),
        ...(boxKey && { boxKey }),
        ...(contactKey && { contactKey }),
        ...(threadKey && { threadKey }),
        ...(mailboxKey && { mailboxKey }),
        ...{ to, cc, bcc, subject, html, track },
        teamKey: draft.teamKey,
      },
    });
    pending.current = {};
    return data as DraftOut;
  }

  const newest = useRef(flush);
  useEffect(() => {
    newest.current = flush;
  });
  useEffect(() => {
    // The page is left: the browser still sends this request.
    const leave = () => void newest.current(true).catch(() => {});
    window.addEventListener("pagehide", leave);
    return () => {
      window.removeEventListener("pagehide", leave);
      leave();
    };
  }, []);

  return {
    content,
    state,
    error,
    change,
    flush,
    attach,
    overwrite,
    keepBoth,
    /** Whether something is not saved yet. */
    isChanged: () => !isEmpty(pending.current),
    /** Nothing is saved any longer: the draft was sent, deleted or loaded again. */
    stop: () => {
      stopped.current = true;
      pending.current = {};
      clearTimeout(timer.current);
    },
    version: () => version.current,
  };
}

export type Saving = ReturnType<typeof useSaving>;
