import { ActionIcon, Menu } from "@mantine/core";
import { IconArrowRight, IconArrowsSplit2, IconCheck, IconDots, IconPlus, IconTrash } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { client } from "../api/client";
import type { ThreadOut } from "../api/schema";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { failed } from "../components/toasts";
import { lazily } from "../lib/lazily";
import { refreshMail } from "./refresh";
import { SHARES, type Share } from "./shares";

const BoxChoice = lazily(() => import("./BoxChoice").then((file) => ({ default: file.BoxChoice })));
const Split = lazily(() => import("./Split").then((file) => ({ default: file.Split })));

/** What can be done with a conversation: add, move, split, share and remove it. Each can be undone. */
export function ThreadMenu({ thread, subject }: { thread: ThreadOut; subject: string }) {
  const me = useMe();
  const [asking, setAsking] = useState<"add" | "move" | "split" | null>(null);
  const params = { path: { thread: thread.key } };
  const done = async (says: string, response: Response) => {
    offerUndo(says, response);
    await refreshMail();
  };
  const share = async (value: Share) => {
    try {
      const { response } = await client.POST("/v2/threads/{thread}/share", { params, body: { share: value } });
      await done(
        value === "full" ? "Shared with all who see the box" : "Sharing of the conversation changed",
        response,
      );
    } catch (error) {
      failed(error);
    }
  };
  const remove = async () => {
    try {
      const { response } = await client.DELETE("/v1/threads/{thread}", { params });
      await done("Conversation removed from the box", response);
    } catch (error) {
      failed(error);
    }
  };
  const place = (move: boolean) => async (boxKey: string) => {
    const { response } = await client.POST("/v2/threads/{thread}/box", { params, body: { boxKey, move } });
    setAsking(null);
    await done(move ? "Conversation moved" : "Conversation added to the box", response);
  };
  const isOwn = thread.shareOwnerKey === undefined || thread.shareOwnerKey === me.key;
  return (
    <>
      <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <ActionIcon size="sm" aria-label={`More about ${subject}`}>
            <IconDots size={15} stroke={1.6} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {thread.threadGmailId === undefined && (
            <>
              <Menu.Item leftSection={<IconPlus size={15} stroke={1.6} />} onClick={() => setAsking("add")}>
                Add to another box
              </Menu.Item>
              <Menu.Item leftSection={<IconArrowRight size={15} stroke={1.6} />} onClick={() => setAsking("move")}>
                Move to another box
              </Menu.Item>
              {thread.numberOfEmails > 1 && (
                <Menu.Item leftSection={<IconArrowsSplit2 size={15} stroke={1.6} />} onClick={() => setAsking("split")}>
                  Split
                </Menu.Item>
              )}
            </>
          )}
          {isOwn && thread.threadGmailId === undefined && (
            <>
              <Menu.Divider />
              <Menu.Label>What others see of it</Menu.Label>
              {SHARES.map(({ value, label }) => (
                <Menu.Item
                  key={value}
                  aria-current={thread.share === value}
                  leftSection={<IconCheck size={15} stroke={1.8} opacity={thread.share === value ? 1 : 0} />}
                  onClick={() => void share(value)}
                >
                  {label}
                </Menu.Item>
              ))}
            </>
          )}
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={15} stroke={1.6} />} onClick={() => void remove()}>
            Remove from this box
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense fallback={null}>
        {asking === "split" && <Split thread={thread} onClose={() => setAsking(null)} />}
        {(asking === "add" || asking === "move") && (
          <BoxChoice
            title={asking === "move" ? "Move the conversation" : "Add the conversation to another box"}
            action={asking === "move" ? "Move" : "Add"}
            except={thread.boxKey}
            onChoose={place(asking === "move")}
            onClose={() => setAsking(null)}
          />
        )}
      </Suspense>
    </>
  );
}
