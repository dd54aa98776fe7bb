import { ActionIcon, Button, Group, SegmentedControl, Tooltip } from "@mantine/core";
import { IconBell, IconMailCog, IconMailOpened, IconPointFilled } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import { Moment, useNow } from "../components/Moment";
import { Empty, Ready } from "../components/states";
import { addressOf, REASONS } from "./address";
import { type Entry, inDays } from "./days";
import classes from "./notices.module.css";

/** Which notifications are listed: all, or unread ones, or those with one of these reasons. */
const CHOICES = [
  { value: "all", label: "All" },
  { value: "unread", label: "Unread" },
  { value: "mention,assigned", label: "For you" },
  { value: "failed", label: "Failures" },
];

type Marking = { keys?: string[]; until?: string; read: boolean };
type Props = {
  which: string;
  onWhich: (which: string) => void;
  /** Called when the user goes to the subject of a notification. */
  onGo?: () => void;
};

export function useMarking() {
  return useMutation({
    mutationFn: (body: Marking) => client.POST("/v2/notifications/read", { body }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["get", "/v2/notifications"] }),
  });
}

/** The user's notifications by day, newest first. */
export function Notices({ which, onWhich, onGo = () => undefined }: Props) {
  const reason = which === "all" || which === "unread" ? {} : { reason: which };
  const query = api.useInfiniteQuery(
    "get",
    "/v2/notifications",
    { params: { query: { limit: 30, unread: which === "unread", ...reason } } },
    {
      pageParamName: "cursor",
      initialPageParam: "",
      getNextPageParam: (page) => page.cursor,
      refetchOnMount: "always",
    },
  );
  const { mutate: mark, isPending } = useMarking();
  const now = useNow();
  const all = query.data?.pages.flatMap((page) => page.results) ?? [];
  const unread = query.data?.pages[0]?.unread ?? 0;
  const newest = all[0];
  return (
    <>
      <Group justify="space-between" mb="sm" gap="xs">
        <SegmentedControl aria-label="Which ones" size="xs" value={which} onChange={onWhich} data={CHOICES} />
        <Group gap={4}>
          <Button
            variant="subtle"
            size="compact-sm"
            disabled={unread === 0 || !newest}
            loading={isPending}
            onClick={() => newest && mark({ until: newest.key, read: true })}
          >
            Mark all as read
          </Button>
          <Tooltip label="How often they come by mail">
            <ActionIcon component={Link} to="/account#digest" aria-label="How often they come by mail" onClick={onGo}>
              <IconMailCog size={17} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      <Ready query={query}>
        {() =>
          all.length === 0 ? (
            <Empty icon={IconBell} title={which === "unread" ? "Nothing unread" : "Nothing yet"}>
              Notifications appear here when a user mentions you, assigns you something, a task of yours falls due, or a
              box that you follow changes.
            </Empty>
          ) : (
            inDays(all, now).map(({ title, entries }) => (
              <section key={title} className={classes.day}>
                <h3>{title}</h3>
                <ul className={classes.list} aria-label={`Notifications of ${title.toLowerCase()}`}>
                  {entries.map((entry) => (
                    <Line
                      key={entry.first.key}
                      entry={entry}
                      onMark={(read) => mark({ keys: entry.keys, read })}
                      onGo={onGo}
                    />
                  ))}
                </ul>
              </section>
            ))
          )
        }
      </Ready>
      {query.hasNextPage && (
        <Button
          mt="sm"
          fullWidth
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show older ones
        </Button>
      )}
    </>
  );
}

type LineProps = { entry: Entry; onMark: (read: boolean) => void; onGo: () => void };

function Line({ entry, onMark, onGo }: LineProps) {
  const { first, keys, read } = entry;
  const several = keys.length > 1;
  const story = several ? `${keys.length} tasks are due` : first.story;
  const address = several ? "/tasks" : addressOf(first);
  const opened = () => {
    if (!read) onMark(true);
    onGo();
  };
  const label = read ? "Mark as unread" : "Mark as read";
  return (
    <li className={classes.line} data-unread={!read || undefined}>
      <div>
        {address ? (
          <Link to={address} className={classes.story ?? ""} onClick={opened}>
            {story}
          </Link>
        ) : (
          <span className={classes.story}>{story}</span>
        )}
        <p>
          {REASONS[first.reason] ?? first.reason} · <Moment at={first.timestamp} />
        </p>
      </div>
      <Tooltip label={label}>
        <ActionIcon aria-label={`${label}: ${story}`} onClick={() => onMark(!read)}>
          {read ? <IconMailOpened size={16} stroke={1.6} /> : <IconPointFilled size={18} />}
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
