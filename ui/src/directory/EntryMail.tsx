import { Button, Group, Text } from "@mantine/core";
import { IconMail, IconPencil } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../api/client";
import { mayEdit } from "../api/rights";
import type { ThreadOut } from "../api/schema";
import { useMe } from "../api/session";
import { Empty, Ready } from "../components/states";
import { useSearch } from "../lib/search";
import { Conversation } from "../mail/Conversation";
import classes from "../mail/mail.module.css";
import { useWritingHere, WritingContext } from "../writing/context";
import { Drafts } from "../writing/Drafts";
import type { Entry, Noun } from "./nouns";

/**
 * The conversations with a contact, or with the people of an organization, in all boxes that the user sees, the newest
 * first. The address says which one is open.
 */
export default function EntryMail({ noun, entry: { key: entry, ...known } }: { noun: Noun; entry: Entry }) {
  const writing = useWritingHere({ pipeline: null, mayWrite: true });
  const address = "emailAddresses" in known ? known.emailAddresses[0] : undefined;
  const [search, setSearch] = useSearch();
  const open = search.get("thread");
  const query = useInfiniteQuery({
    queryKey: ["get", `/v2/${noun.path}/{${noun.singular}}/threads`, { params: { path: { [noun.singular]: entry } } }],
    queryFn: ({ pageParam }) => noun.threads(entry, pageParam),
    initialPageParam: 0,
    getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
  });
  const turn = (key: string) =>
    setSearch(
      (before) => {
        if (open === key) before.delete("thread");
        else before.set("thread", key);
        return before;
      },
      { replace: true },
    );
  return (
    <WritingContext.Provider value={writing}>
      <section aria-label="E-mail">
        {address && (
          <Group mb={8}>
            <Button
              size="compact-sm"
              leftSection={<IconPencil size={14} stroke={1.8} />}
              onClick={() => writing.begin({ contactKey: entry, teamKey: known.teamKey, to: [address] })}
            >
              Write
            </Button>
          </Group>
        )}
        {noun.singular === "contact" && <Drafts contact={entry} />}
        <Ready query={query}>
          {(data) => {
            const threads = data.pages.flatMap((page) => page.results);
            if (threads.length === 0) {
              return (
                <Empty icon={IconMail} title="No e-mail yet">
                  Conversations with this {noun.singular} on boxes that you see appear here.
                </Empty>
              );
            }
            return (
              <ul className={classes.conversations} aria-label="Conversations">
                {threads.map((thread) => (
                  <Line key={thread.key} thread={thread} open={open === thread.key} onToggle={() => turn(thread.key)} />
                ))}
              </ul>
            );
          }}
        </Ready>
        {query.hasNextPage && (
          <Button
            mt="xs"
            variant="default"
            size="compact-sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show older
          </Button>
        )}
      </section>
    </WritingContext.Provider>
  );
}

/** A conversation with the name of its box. Users who may edit the box have the same menu as there. */
function Line({ thread, open, onToggle }: { thread: ThreadOut; open: boolean; onToggle: () => void }) {
  const me = useMe();
  const box = api.useQuery("get", "/v1/boxes/{box}", { params: { path: { box: thread.boxKey } } });
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  const pipeline = pipelines.data?.results.find(({ key }) => key === thread.pipelineKey);
  return (
    <Conversation
      thread={thread}
      open={open}
      onToggle={onToggle}
      mayEdit={pipeline !== undefined && box.data !== undefined && mayEdit(pipeline, me.key, box.data)}
      place={
        <Text size="xs" className={classes.place}>
          in <Link to={`/boxes/${thread.boxKey}?tab=email&thread=${thread.key}`}>{box.data?.name ?? "…"}</Link>
        </Text>
      }
    />
  );
}
