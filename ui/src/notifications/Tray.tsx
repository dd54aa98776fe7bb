import { ActionIcon, Button, Drawer, Group, SegmentedControl, Title, Tooltip } from "@mantine/core";
import { IconBell, IconMailCog, IconMailOpened, IconPointFilled } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { NotificationOut } from "../api/schema";
import { Moment } from "../components/Moment";
import { Empty, Ready } from "../components/states";
import { addressOf, REASONS } from "./address";
import classes from "./notices.module.css";

type Marking = { keys?: string[]; until?: string; read: boolean };

/** The user's notifications, newest first. */
export default function Tray({ onClose }: { onClose: () => void }) {
  const [which, setWhich] = useState("all");
  const query = api.useInfiniteQuery(
    "get",
    "/v2/notifications",
    { params: { query: { limit: 30, unread: which === "unread" } } },
    {
      pageParamName: "cursor",
      initialPageParam: "",
      getNextPageParam: (page) => page.cursor,
      refetchOnMount: "always",
    },
  );
  const { mutate: mark, isPending } = useMutation({
    mutationFn: (body: Marking) => client.POST("/v2/notifications/read", { body }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["get", "/v2/notifications"] }),
  });
  const all = query.data?.pages.flatMap((page) => page.results) ?? [];
  const unread = query.data?.pages[0]?.unread ?? 0;
  const newest = all[0];
  return (
    <Drawer opened onClose={onClose} position="left" size={440} title={<Title order={2}>Notifications</Title>}>
      <Group justify="space-between" mb="sm">
        <SegmentedControl
          aria-label="Which ones"
          size="xs"
          value={which}
          onChange={setWhich}
          data={[
            { value: "all", label: "All" },
            { value: "unread", label: "Unread" },
          ]}
        />
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
            <ActionIcon
              component={Link}
              to="/account#digest"
              aria-label="How often they come by mail"
              onClick={onClose}
            >
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
            <ul className={classes.list} aria-label="Notifications">
              {all.map((each) => (
                <Line
                  key={each.key}
                  notice={each}
                  onMark={(read) => mark({ keys: [each.key], read })}
                  onClose={onClose}
                />
              ))}
            </ul>
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
    </Drawer>
  );
}

type LineProps = { notice: NotificationOut; onMark: (read: boolean) => void; onClose: () => void };

function Line({ notice, onMark, onClose }: LineProps) {
  const address = addressOf(notice);
  const opened = () => {
    if (!notice.read) onMark(true);
    onClose();
  };
  const label = notice.read ? "Mark as unread" : "Mark as read";
  return (
    <li className={classes.line} data-unread={!notice.read || undefined}>
      <div>
        {address ? (
          <Link to={address} className={classes.story ?? ""} onClick={opened}>
            {notice.story}
          </Link>
        ) : (
          <span className={classes.story}>{notice.story}</span>
        )}
        <p>
          {REASONS[notice.reason] ?? notice.reason} · <Moment at={notice.timestamp} />
        </p>
      </div>
      <Tooltip label={label}>
        <ActionIcon aria-label={`${label}: ${notice.story}`} onClick={() => onMark(!notice.read)}>
          {notice.read ? <IconMailOpened size={16} stroke={1.6} /> : <IconPointFilled size={18} />}
        </ActionIcon>
      </Tooltip>
    </li>
  );
}
