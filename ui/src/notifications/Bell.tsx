import { ActionIcon, Indicator, UnstyledButton } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { Link } from "react-router";
import { api } from "../api/client";
import { useCommands } from "../commands/registry";
import { lazily } from "../lib/lazily";
import classes from "./Bell.module.css";

const Tray = lazily(() => import("./Tray"));
const NEWEST = { params: { query: { limit: 1 } } } as const;

function useUnread(): number {
  // Reading a notification creates no event, so the count is loaded again when the window gets the focus.
  const query = api.useQuery("get", "/v2/notifications", NEWEST, { refetchOnWindowFocus: "always" });
  return query.data?.unread ?? 0;
}

/** The bell in the header of a narrow screen, which leads to the page of notifications. */
export function BellLink() {
  const unread = useUnread();
  return (
    <Indicator disabled={unread === 0} size={8} offset={5} color="boxwood.7">
      <ActionIcon
        component={Link}
        to="/notifications"
        aria-label={unread > 0 ? `Notifications, ${unread} unread` : "Notifications"}
      >
        <IconBell size={18} stroke={1.6} />
      </ActionIcon>
    </Indicator>
  );
}

/** Shows the number of unread notifications, and opens the list. */
export function Bell({ className, onOpen }: { className: string | undefined; onOpen: () => void }) {
  const [opened, setOpened] = useState(false);
  const unread = useUnread();
  useCommands([
    {
      id: "notifications",
      label: "Notifications",
      section: "Go to",
      keys: "g n",
      words: "bell unread inbox",
      run: () => setOpened(true),
    },
  ]);
  return (
    <>
      <UnstyledButton
        className={className}
        aria-haspopup="dialog"
        onClick={() => {
          onOpen();
          setOpened(true);
        }}
      >
        <IconBell size={17} stroke={1.6} />
        <span>Notifications</span>
        {unread > 0 && (
          <span className={classes.unread} role="status" aria-label={`${unread} unread`}>
            {unread > 99 ? "99+" : unread}
          </span>
        )}
      </UnstyledButton>
      {opened && (
        <Suspense fallback={null}>
          <Tray onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}
