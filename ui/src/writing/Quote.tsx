import { Button, Group } from "@mantine/core";
import { useState } from "react";
import { api } from "../api/client";
import { Loading, Ready } from "../components/states";
import { MailFrame } from "../mail/MailFrame";
import mail from "../mail/mail.module.css";

/** The e-mail that an answer quotes. It is folded until the writer asks for it. */
export function Quote({ message, onRemove }: { message: string; onRemove: () => void }) {
  const [shown, setShown] = useState(false);
  return (
    <div className={mail.quote}>
      <Group gap="xs">
        <button
          type="button"
          className={mail.fold}
          aria-label="Show quoted text"
          aria-expanded={shown}
          onClick={() => setShown(!shown)}
        >
          …
        </button>
        {shown && (
          <Button variant="subtle" color="gray" size="compact-xs" onClick={onRemove}>
            Leave it out
          </Button>
        )}
      </Group>
      {shown && <Quoted message={message} />}
    </div>
  );
}

function Quoted({ message }: { message: string }) {
  const query = api.useQuery("get", "/v2/messages/{message}/view", { params: { path: { message } } });
  return (
    <Ready query={query} loading={<Loading rows={2} />}>
      {(view) =>
        view.html === undefined ? (
          <p className={mail.text}>{view.text}</p>
        ) : (
          <MailFrame page={view.page} title="Quoted e-mail" />
        )
      }
    </Ready>
  );
}
