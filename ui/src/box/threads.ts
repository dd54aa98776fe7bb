/** Groups timeline entries: replies stand below their comment, at the position of the newest reply. */
import type { CommentOut, TimelineEntry } from "../api/schema";

export type Conversation = {
  kind: "comment";
  key: string;
  comment: CommentOut;
  replies: CommentOut[];
  missing?: string;
};
export type Line = Conversation | { kind: "entry"; key: string; entry: TimelineEntry };

export function conversations(entries: readonly TimelineEntry[]): Line[] {
  const comments = new Map(
    entries.flatMap((each) => (each.comment ? [[each.comment.key, each.comment] as const] : [])),
  );
  const lines: Line[] = [];
  const known = new Map<string, Conversation>();
  for (const entry of entries) {
    if (!entry.comment) {
      lines.push({ kind: "entry", key: entry.key, entry });
      continue;
    }
    const root = rootOf(entry.comment, comments);
    const conversation = known.get(root.key);
    if (conversation === undefined) {
      const made: Conversation = { kind: "comment", key: root.key, comment: root, replies: [] };
      // If a reply answers a comment that is not loaded, the comment is requested.
      if (root.parent) made.missing = root.parent;
      known.set(root.key, made);
      lines.push(made);
    }
    if (entry.comment !== root) known.get(root.key)?.replies.unshift(entry.comment);
  }
  return lines;
}

function rootOf(comment: CommentOut, comments: ReadonlyMap<string, CommentOut>): CommentOut {
  let root = comment;
  for (;;) {
    const parent = root.parent ? comments.get(root.parent) : undefined;
    if (parent === undefined) return root;
    root = parent;
  }
}
