import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPhotoOff } from "@tabler/icons-react";
import { useState } from "react";
import { api } from "../api/client";
import type { MessageOut, MessageViewOut } from "../api/schema";
import { Moment } from "../components/Moment";
import { Face } from "../components/People";
import { Loading, Ready } from "../components/states";
import { Answer } from "../writing/Answer";
import { MessageSignals } from "../writing/Signals";
import { Attachments } from "./Attachments";
import { MailFrame } from "./MailFrame";
import classes from "./mail.module.css";
import { pieces } from "./pieces";

export type Correspondent = MessageOut["from"];

export const nameOf = (person: Correspondent) => person.name || person.email;

type MessageProps = { message: MessageOut; isNewest?: boolean; open: boolean; onToggle: () => void };

/** An e-mail of a conversation: a line with its sender and its beginning, or all of it. */
export function Message({ message, isNewest = false, open, onToggle }: MessageProps) {
  const sender = nameOf(message.from);
  return (
    <article className={classes.message} aria-label={`E-mail from ${sender}`} data-open={open || undefined}>
      <button type="button" className={classes.head} aria-expanded={open} onClick={onToggle}>
        <Face person={{ email: message.from.email, fullName: sender }} size={24} />
        <span className={classes.sender}>
          <span className="cut">
            <strong>{sender}</strong>
            {open && message.from.name && <span className="quiet"> {message.from.email}</span>}
          </span>
          <Text span size="xs" className="quiet cut">
            {open
              ? `to ${[...message.to, ...message.cc].map(nameOf).join(", ") || "no recipient"}`
              : beginning(message)}
          </Text>
        </span>
        <Text span size="xs" className={`quiet ${classes.when}`}>
          <Moment at={message.timestamp} />
        </Text>
      </button>
      {open && <Content message={message} isNewest={isNewest} />}
    </article>
  );
}

function beginning(message: MessageOut): string {
  return message.text.slice(0, 300).replace(/\s+/g, " ").trim() || "Without text";
}

function Content({ message, isNewest }: { message: MessageOut; isNewest: boolean }) {
  const query = api.useQuery(
    "get",
    "/v2/messages/{message}/view",
    { params: { path: { message: message.key } } },
    { staleTime: 60_000 },
  );
  return (
    <div className={classes.content}>
      <Copies message={message} />
      <MessageSignals message={message.key} />
      <Ready query={query} loading={<Loading rows={3} />}>
        {(view) => (
          <>
            <Body message={message} view={view} />
            <Attachments files={message.files.filter((file) => !view.shownFileKeys.includes(file.key))} />
            {!isReduced(message, view) && <Answer message={message} isNewest={isNewest} />}
          </>
        )}
      </Ready>
    </div>
  );
}

/** People who got a copy. */
function Copies({ message }: { message: MessageOut }) {
  if (message.bcc.length === 0) return null;
  return (
    <Text size="xs" className="quiet">
      Blind copy to {message.bcc.map(nameOf).join(", ")}
    </Text>
  );
}

/** Whether the owner of the e-mail shares only who wrote it and when. */
function isReduced(message: MessageOut, view: MessageViewOut): boolean {
  return message.share !== "full" && view.html === undefined && view.text === "";
}

function Body({ message, view }: { message: MessageOut; view: MessageViewOut }) {
  const [images, setImages] = useState(false);
  if (isReduced(message, view)) {
    return (
      <Text size="sm" className="quiet">
        Its owner does not share the text.
      </Text>
    );
  }
  return (
    <>
      {view.remoteImages > 0 && !images && (
        <Alert color="gray" p="xs" icon={<IconPhotoOff size={16} stroke={1.6} />} className={classes.hidden ?? ""}>
          <Group gap="xs" justify="space-between">
            <Text size="xs">Pictures are hidden, so the sender does not learn that you read this.</Text>
            <Button variant="default" size="compact-xs" onClick={() => setImages(true)}>
              Show pictures
            </Button>
          </Group>
        </Alert>
      )}
      {view.html === undefined ? (
        view.textParts.map((part, at) =>
          part.quoted ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change
            <Quote key={at} text={part.text} />
          ) : (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change
            <PlainText key={at} text={part.text} />
          ),
        )
      ) : (
        <MailFrame page={images ? `${view.page}?images=true` : view.page} title={message.subject || "E-mail"} />
      )}
      {view.truncated && (
        <Text size="xs" className="quiet" role="note">
          This e-mail is very long. Only its beginning is shown.
        </Text>
      )}
    </>
  );
}

/** The earlier e-mail that a reply quotes. It is folded until the reader asks for it. */
function Quote({ text }: { text: string }) {
  const [shown, setShown] = useState(false);
  return (
    <>
      <button
        type="button"
        className={classes.fold}
        aria-label="Show quoted text"
        aria-expanded={shown}
        onClick={() => setShown(!shown)}
      >
        …
      </button>
      {shown && <PlainText text={text} />}
    </>
  );
}

function PlainText({ text }: { text: string }) {
  return (
    <p className={classes.text}>
      {pieces(text.trim()).map((piece, at) =>
        piece.href ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a text never change
          <a key={at} href={piece.href} target="_blank" rel="noopener noreferrer nofollow">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </p>
  );
}
