/**
 * The boxes of a table. They are loaded in batches when they come into view, and each row is redrawn only when its box
 * changes.
 */
import { useEffect, useSyncExternalStore } from "react";
import { addBoxStore, type Box, changed, withWaiting } from "../api/boxes";
import { client } from "../api/client";

const MOST = 200;
const BATCH_DELAY = 6;
/** How many more rows are loaded ahead, in the direction in which the user scrolls. */
const AHEAD = 60;

export class Rows {
  private readonly boxes = new Map<string, Box>();
  private readonly listeners = new Map<string, Set<() => void>>();
  private wanted = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private order: readonly string[] = [];
  private places = new Map<string, number>();
  private last = 0;
  private readonly coming = new Set<string>();

  constructor(
    private readonly pipeline: string,
    /** Columns to request in addition to the boxes' own members. */
    readonly fields: string,
  ) {}

  /** Sets the order of the rows. */
  arrange(order: readonly string[]): void {
    this.order = order;
    this.places = new Map(order.map((key, at) => [key, at]));
  }

  get(key: string): Box | undefined {
    return this.boxes.get(key);
  }

  put(boxes: readonly Box[]): void {
    for (const received of boxes) {
      const box = withWaiting(received);
      const known = this.boxes.get(box.key);
      // The response to an edit and an event have no columns, so the known ones stay until they are loaded again.
      this.boxes.set(box.key, box.columns || !known?.columns ? box : { ...box, columns: known.columns });
      this.tell(box.key);
    }
  }

  /** Stores boxes that are not known yet. */
  keep(boxes: readonly Box[]): void {
    for (const box of boxes) if (!this.boxes.has(box.key)) this.boxes.set(box.key, box);
  }

  patch(key: string, change: Partial<Box>): () => void {
    const before = this.boxes.get(key);
    if (!before) return () => undefined;
    this.put([changed(before, change)]);
    if (change.boxKey && this.fields) this.want(key);
    return () => this.put([before]);
  }

  want(key: string): void {
    if (this.coming.has(key) && !this.boxes.has(key)) return;
    this.wanted.add(key);
    this.timer ??= setTimeout(() => void this.ask(), BATCH_DELAY);
  }

  /** The row left the view before it was requested. */
  unwant(key: string): void {
    if (!this.boxes.has(key)) this.wanted.delete(key);
  }

  subscribe(key: string, listener: () => void): () => void {
    const held = this.listeners.get(key) ?? new Set();
    held.add(listener);
    this.listeners.set(key, held);
    return () => {
      held.delete(listener);
      if (held.size === 0) this.listeners.delete(key);
    };
  }

  /** Returns all of these boxes and loads the missing ones. */
  async all(keys: readonly string[]): Promise<Box[]> {
    const missing = keys.filter((key) => !this.boxes.has(key));
    for (let at = 0; at < missing.length; at += 1000) this.put(await this.read(missing.slice(at, at + 1000)));
    return keys.flatMap((key) => this.boxes.get(key) ?? []);
  }

  private tell(key: string): void {
    for (const each of [...(this.listeners.get(key) ?? [])]) each();
  }

  private async ask(): Promise<void> {
    const keys = [...this.wanted].slice(0, MOST);
    for (const key of keys) this.wanted.delete(key);
    this.timer = this.wanted.size > 0 ? setTimeout(() => void this.ask(), BATCH_DELAY) : null;
    if (keys.length === 0) return;
    const all = [...keys, ...this.beyond(keys)];
    for (const key of all) this.coming.add(key);
    try {
      this.put(await this.read(all));
    } catch {
      // The server cannot be reached. The row is requested again when it is redrawn or comes into view.
      setTimeout(() => {
        for (const key of all) if (this.listeners.has(key)) this.want(key);
      }, 2000);
    } finally {
      for (const key of all) this.coming.delete(key);
    }
  }

  /** The rows that will come into view next, so that they share a request. */
  private beyond(keys: readonly string[]): string[] {
    const at = this.places.get(keys.at(-1) ?? "");
    if (at === undefined) return [];
    const back = at < this.last;
    this.last = at;
    const next = back ? this.order.slice(Math.max(0, at - AHEAD), at) : this.order.slice(at + 1, at + 1 + AHEAD);
    return next.filter((key) => !this.boxes.has(key) && !this.coming.has(key) && !keys.includes(key));
  }

  private async read(keys: string[]): Promise<Box[]> {
    const { data } = await client.POST("/v1/pipelines/{pipeline}/boxes/batch", {
      params: { path: { pipeline: this.pipeline }, query: { fields: this.fields } },
      body: keys as never,
    });
    return data as Box[];
  }
}

/** The box with this key, or undefined until it is loaded. */
export function useRow(rows: Rows, key: string): Box | undefined {
  const box = useSyncExternalStore(
    (listener) => rows.subscribe(key, listener),
    () => rows.get(key),
  );
  const missing = box === undefined;
  useEffect(() => {
    if (!missing) return;
    rows.want(key);
    return () => rows.unwant(key);
  }, [rows, key, missing]);
  return box;
}

/** Shows edits that are made anywhere in the UI. */
export function useBoxStore(rows: Rows): void {
  useEffect(() => addBoxStore((key, change) => rows.patch(key, change)), [rows]);
}
