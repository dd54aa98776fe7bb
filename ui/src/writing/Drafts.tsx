import { Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { Suspense } from "react";
import type { DraftOut } from "../api/schema";
import { useMe } from "../api/session";
import { Moment } from "../components/Moment";
import { Loading } from "../components/states";
import { lazily } from "../lib/lazily";
import mail from "../mail/mail.module.css";
import { useWriting } from "./context";
import { LetterLine } from "./LetterLine";
import { isOnItsWay } from "./letters";
import { recipientName } from "./letterText";
import classes from "./writing.module.css";

const Compose = lazily(() => import("./Compose"));

/** The drafts and the letters on their way of a conversation; without `thread`, those that begin one. */
export function Drafts({ thread, contact }: { thread?: string; contact?: string }) {
  const writing = useWriting();
  if (!writing) return null;
  const { pipeline, open, onOpen } = writing;
  const belongs = (each: { threadKey?: string; contactKey?: string }) =>
    each.threadKey === thread && (contact === undefined || thread !== undefined || each.contactKey === contact);
  const drafts = writing.drafts.filter(belongs);
  // A letter that was refused is a draft again.
  const waiting = writing.letters.filter((each) => belongs(each) && isOnItsWay(each));
  const refused = new Map(writing.letters.flatMap((each) => (each.state === "refused" ? [[each.draftKey, each]] : [])));
  if (drafts.length + waiting.length === 0) return null;
  return (
    <div className={classes.drafts}>
      {waiting.map((letter) => (
        <LetterLine key={letter.key} letter={letter} onOpen={onOpen} />
      ))}
      {drafts.map((draft) =>
        draft.key === open ? (
          <Suspense key={draft.key} fallback={<Loading rows={5} />}>
            <Compose draft={draft.key} pipeline={pipeline} onOpen={onOpen} />
          </Suspense>
        ) : (
          <DraftLine
            key={draft.key}
            draft={draft}
            error={refused.get(draft.key)?.error}
            onOpen={() => onOpen(draft.key)}
          />
        ),
      )}
    </div>
  );
}

type DraftLineProps = { draft: DraftOut; error?: string | undefined; onOpen: () => void };

export function DraftLine({ draft, error, onOpen }: DraftLineProps) {
  const me = useMe();
  const to = [...draft.to, ...draft.cc, ...draft.bcc].map(recipientName).join(", ");
  return (
    <div className={classes.draft}>
      <button type="button" className={mail.head} onClick={onOpen}>
        <IconPencil size={15} stroke={1.6} className="quiet" />
        <span className={mail.sender}>
          <span className="cut">
            <strong>Draft</strong> {draft.subject || "Without a subject"}
          </span>
          <Text span size="xs" className="quiet cut">
            {draft.creatorKey === me.key ? "" : "of a colleague, "}
            {to ? `to ${to}` : "no recipient yet"}
          </Text>
        </span>
        <Text span size="xs" className={`quiet ${mail.when}`}>
          <Moment at={draft.lastUpdatedTimestamp} />
        </Text>
      </button>
      {error && (
        <Text size="xs" c="red" className={classes.why ?? ""} role="note">
          Not sent: {error}
        </Text>
      )}
    </div>
  );
}
