import { Button, Group, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { LetterOut } from "../api/schema";
import { useMe } from "../api/session";
import { useNow } from "../components/Moment";
import { say } from "../components/toasts";
import mail from "../mail/mail.module.css";
import { resolve, stateOf, takeBack } from "./letters";
import { recipientName } from "./letterText";
import classes from "./writing.module.css";

/** A letter that waits, is being sent, or about which somebody has to decide. */
export function LetterLine({ letter, onOpen }: { letter: LetterOut; onOpen: (draft: string | null) => void }) {
  const state = stateOf(letter, useNow());
  return (
    <div className={classes.draft} role="group" aria-label={`Letter ${letter.subject}`}>
      <div className={classes.letterLine}>
        <span className={mail.state} data-colour={state.colour}>
          {state.label}
        </span>
        <span className={mail.sender}>
          <span className="cut">{letter.subject || "Without a subject"}</span>
          <Text span size="xs" className="quiet cut">
            to {[...letter.to, ...letter.cc, ...letter.bcc].map(recipientName).join(", ")}
          </Text>
        </span>
        <LetterActions letter={letter} onOpen={onOpen} />
      </div>
      {letter.error && (
        <Text size="xs" className={`quiet ${classes.why}`}>
          {letter.error}
        </Text>
      )}
    </div>
  );
}

/** What its author can do with a letter: cancel it while it waits, or say whether it was sent. */
export function LetterActions({ letter, onOpen }: { letter: LetterOut; onOpen: (draft: string | null) => void }) {
  const me = useMe();
  const back = (draft: string | null) => {
    say("It is a draft again");
    if (draft) onOpen(draft);
  };
  const cancel = useMutation({ mutationFn: () => takeBack(letter.key), onSuccess: back });
  const decide = useMutation({
    mutationFn: (as: "sent" | "draft") => resolve(letter.key, as),
    onSuccess: (draft, as) => (as === "draft" ? back(draft) : undefined),
  });
  if (letter.creatorKey !== me.key) return null;
  if (letter.state === "scheduled") {
    return (
      <Button
        variant="default"
        size="compact-xs"
        aria-label={`${letter.draftKey ? "Cancel and edit" : "Cancel"} ${letter.subject}`}
        loading={cancel.isPending}
        onClick={() => cancel.mutate()}
      >
        {letter.draftKey ? "Cancel and edit" : "Cancel"}
      </Button>
    );
  }
  if (letter.state !== "doubtful") return null;
  return (
    <Group gap={4} wrap="nowrap">
      <Button variant="default" size="compact-xs" loading={decide.isPending} onClick={() => decide.mutate("sent")}>
        It was sent
      </Button>
      <Button variant="default" size="compact-xs" loading={decide.isPending} onClick={() => decide.mutate("draft")}>
        Make it a draft
      </Button>
    </Group>
  );
}
