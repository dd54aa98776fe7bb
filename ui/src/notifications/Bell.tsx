import { UnstyledButton } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { api } from "../api/client";
import { useCommands } from "../commands/registry";
import { lazily } from "../lib/lazily";
import classes from "./Bell.module.css";

const Tray = lazily(() => import("./Tray"));
const NEWEST = { params: { query: { limit: 1 } } } as const;

/** Shows the number of unread notifications, and opens the list. */
export function Bell({ className, onOpen }: { className: string | undefined; onOpen: () => void }) {
  const [opened, setOpened] = useState(false);
  // Reading a notification creates no event, so the count is loaded again when the window gets the focus.
  const query = api.useQuery("get", "/v2/notifications", NEWEST, { refetchOnWindowFocus: "always" });
  const unread = query.data?.unread ?? 0;
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
