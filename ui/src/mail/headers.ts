/**
 * Subject and people of e-mail that waits in the user's own mailbox. The server stores nothing of it: it reads the headers
 * from the mailbox each time, so they are asked for once, together for all e-mail of a folder.
 */
import { useQueries } from "@tanstack/react-query";
import { useEffect } from "react";
import { client } from "../api/client";
import { messageOf } from "../api/problem";
import { queries } from "../api/queries";
import type { MailHeadersOut, MailSuggestion } from "../api/schema";

type Folder = { mailbox: string; folder: string; uidvalidity: number; uids: number[] };
/** By the number of the e-mail; null if it is not in the mailbox any longer. */
type Read = Map<number, MailHeadersOut | null>;

export type Waiting = Pick<MailSuggestion, "subject" | "from" | "to" | "timestamp" | "snippet"> & {
  /** `reading` and `failed` are only for e-mail in the user's own mailbox. */
  state: "known" | "reading" | "failed" | "gone";
  problem?: string;
};

/** What is known of each e-mail, and a function that reads the mailboxes that failed again. */
export function useWaiting(suggestions: MailSuggestion[]): {
  of: (suggestion: MailSuggestion) => Waiting;
  again: () => void;
} {
  const folders = foldersOf(suggestions);
  const found = useQueries({
    queries: folders.map((each) => ({
      queryKey: keyOf(each),
      queryFn: () => read(each),
      staleTime: Number.POSITIVE_INFINITY,
      retry: false,
      // Events say nothing of this e-mail.
      meta: { live: true },
    })),
  });
  useEffect(() => {
    for (const [at, query] of found.entries()) {
      const folder = folders[at] as Folder;
      if (query.data && !query.isFetching && !query.isError && missing(folder, query.data).length > 0) {
        void query.refetch();
      }
    }
  });
  const byFolder = new Map(folders.map((each, at) => [nameOf(each), found[at]]));
  const of = (suggestion: MailSuggestion): Waiting => {
    if (suggestion.stored) return { ...suggestion, state: "known" };
    const query = byFolder.get(nameOf(folderOf(suggestion)));
    const headers = query?.data?.get(suggestion.uid ?? 0);
    if (headers) return { ...headers, state: "known" };
    if (headers === null) return { state: "gone" };
    if (query?.isError && !query.isFetching) return { state: "failed", problem: messageOf(query.error) };
    return { state: "reading" };
  };
  return { of, again: () => found.filter((each) => each.isError).forEach((each) => void each.refetch()) };
}

function folderOf({ mailboxKey, folder = "", uidvalidity = 0 }: MailSuggestion): Folder {
  return { mailbox: mailboxKey, folder, uidvalidity, uids: [] };
}

/** The folders of e-mail that is not stored. */
export function foldersOf(suggestions: MailSuggestion[]): Folder[] {
  const folders = new Map<string, Folder>();
  for (const each of suggestions) {
    if (each.stored || each.uid === undefined) continue;
    const folder = folderOf(each);
    const known = folders.get(nameOf(folder)) ?? folder;
    known.uids.push(each.uid);
    folders.set(nameOf(folder), known);
  }
  return [...folders.values()];
}

function nameOf({ mailbox, folder, uidvalidity }: Folder): string {
  return JSON.stringify([mailbox, folder, uidvalidity]);
}

function keyOf({ mailbox, folder, uidvalidity }: Folder) {
  return ["mail-headers", mailbox, folder, uidvalidity] as const;
}

function missing({ uids }: Folder, known: Read): number[] {
  return uids.filter((uid) => !known.has(uid));
}

/** Reads what is not known yet, and keeps the rest. */
async function read(folder: Folder): Promise<Read> {
  const known = new Map(queries.getQueryData<Read>(keyOf(folder)));
  const uids = missing(folder, known);
  const { data } = await client.POST("/v2/mailboxes/{mailbox}/headers", {
    params: { path: { mailbox: folder.mailbox } },
    body: { folder: folder.folder, uidvalidity: folder.uidvalidity, uids: uids.length > 0 ? uids : folder.uids },
  });
  for (const uid of uids) known.set(uid, null);
  for (const each of (data as { results: MailHeadersOut[] }).results) known.set(each.uid, each);
  return known;
}
