import { Button, Text } from "@mantine/core";
import { IconChevronRight, IconLock, IconPaperclip } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { api } from "../api/client";
import type { MessageOut, ThreadOut } from "../api/schema";
import { Moment } from "../components/Moment";
import { Loading, Ready } from "../components/states";
import { Drafts } from "../writing/Drafts";
import { Message } from "./Message";
import classes from "./mail.module.css";
import { shareInWords } from "./shares";
import { ThreadMenu } from "./ThreadMenu";

type ConversationProps = {
  thread: ThreadOut;
  open: boolean;
  onToggle: () => void;
  /** The name of its box, where conversations of several boxes are listed. */
  place?: ReactNode;
  /** Whether the user may move, share and remove it. */
  mayEdit?: boolean;
};

/** A conversation: a line with its subject and people, or also its e-mails. */
export function Conversation({ thread, open, onToggle, place, mayEdit = false }: ConversationProps) {
  const share = shareInWords(thread);
  const subject = thread.subject || (thread.threadGmailId ? "A conversation in Gmail" : "Without a subject");
  return (
    <li className={classes.conversation} aria-label={subject} data-open={open || undefined}>
      <div className={classes.heading}>
        <button type="button" className={classes.summary} aria-expanded={open} onClick={onToggle}>
          <IconChevronRight size={15} stroke={1.8} className={classes.turn} />
          <span className={classes.sender}>
            <span className="cut">
              <strong>{subject}</strong>
              {thread.numberOfEmails > 1 && <span className="quiet numbers"> {thread.numberOfEmails}</span>}
            </span>
            <Text span size="xs" className="quiet cut">
              {thread.names.join(", ")}
            </Text>
          </span>
          {share && (
            <span className={classes.share}>
              <IconLock size={13} stroke={1.6} /> {share}
            </span>
          )}
          {thread.files.length > 0 && (
            <IconPaperclip size={14} stroke={1.6} className="quiet" aria-label="With attachments" />
          )}
          <Text span size="xs" className={`quiet ${classes.when}`}>
            <Moment at={thread.lastEmailTimestamp} />
          </Text>
        </button>
        {mayEdit && <ThreadMenu thread={thread} subject={subject} />}
      </div>
      {place}
      {open && <Messages thread={thread} />}
    </li>
  );
}

/** The e-mails of a conversation, the oldest first. The newest is open. */
function Messages({ thread }: { thread: ThreadOut }) {
  const query = api.useInfiniteQuery(
    "get",
    "/v2/threads/{thread}/messages",
    { params: { path: { thread: thread.key } } },
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  return (
    <Ready query={query} loading={<Loading rows={3} />}>
      {(data) => {
        const messages = data.pages.flatMap((page) => page.results);
        if (messages.length === 0) {
          return (
            <Text size="sm" className={`quiet ${classes.empty}`}>
              {thread.threadGmailId ? "Its e-mails are in Gmail." : "It has no e-mails that you may see."}
            </Text>
          );
        }
        return (
          <>
            <MessageList messages={messages} />
            <div className={classes.content}>
              <Drafts thread={thread.key} />
            </div>
            {query.hasNextPage && (
              <Button
                variant="default"
                size="compact-sm"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                Show newer e-mails
              </Button>
            )}
          </>
        );
      }}
    </Ready>
  );
}

function MessageList({ messages }: { messages: MessageOut[] }) {
  // What the user opened or closed; the newest is open until then.
  const [turned, setTurned] = useState<Record<string, boolean>>({});
  const newest = messages.at(-1)?.key;
  const isOpen = (key: string) => turned[key] ?? key === newest;
  return (
    <div className={classes.messages}>
      {messages.map((message) => (
        <Message
          key={message.key}
          message={message}
          isNewest={message.key === newest}
          open={isOpen(message.key)}
          onToggle={() => setTurned((before) => ({ ...before, [message.key]: !isOpen(message.key) }))}
        />
      ))}
    </div>
  );
}
