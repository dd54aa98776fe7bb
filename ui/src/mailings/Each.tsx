import { ActionIcon, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { api, client } from "../api/client";
import { errorAt, messageOf } from "../api/problem";
import type { MailingOut, MailingPreviewOut } from "../api/schema";
import { useMe } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Loading, Ready } from "../components/states";
import { say } from "../components/toasts";
import { lazily } from "../lib/lazily";
import { withoutStyles } from "../writing/letterText";
import { lettersOf, refreshMailings } from "./states";

const Editor = lazily(() => import("../writing/Editor"));
const PAGE = 50;

/** The letter of each recipient, one after the other. One letter can be changed, or its recipient left out. */
export function Each({ mailing }: { mailing: MailingOut }) {
  const [at, setAt] = useState(0);
  const count = lettersOf(mailing);
  const path = { mailing: mailing.key };
  const query = { state: "waiting", limit: PAGE, page: Math.floor(at / PAGE) };
  const recipients = api.useQuery("get", "/v2/mailings/{mailing}/recipients", { params: { path, query } });
  const recipient = recipients.data?.results[at % PAGE];
  if (count === 0) return <Text className="quiet">No recipients yet.</Text>;
  return (
    <Stack maw={720}>
      <Group justify="space-between">
        <Group gap="xs">
          <ActionIcon aria-label="Previous recipient" disabled={at === 0} onClick={() => setAt(at - 1)}>
            <IconChevronLeft size={18} />
          </ActionIcon>
          <Text size="sm" className="numbers" role="status">
            {at + 1} of {count}
          </Text>
          <ActionIcon aria-label="Next recipient" disabled={at + 1 >= count} onClick={() => setAt(at + 1)}>
            <IconChevronRight size={18} />
          </ActionIcon>
        </Group>
        {recipient && <SendTest mailing={mailing.key} recipient={recipient.key} />}
      </Group>
      {recipient && (
        <Letter
          key={recipient.key}
          mailing={mailing}
          recipient={recipient.key}
          onLeftOut={() => setAt(Math.max(0, at - 1))}
        />
      )}
    </Stack>
  );
}

function SendTest({ mailing, recipient }: { mailing: string; recipient: string }) {
  const me = useMe();
  const test = useMutation({
    mutationFn: () =>
      client.POST("/v2/mailings/{mailing}/test", {
        params: { path: { mailing } },
        body: { recipientKey: recipient },
      }),
    onSuccess: () => say(`This letter is sent to ${me.email}`),
  });
  return (
    <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
      Send a test to me
    </Button>
  );
}

type LetterProps = { mailing: MailingOut; recipient: string; onLeftOut: () => void };

function Letter({ mailing, recipient, onLeftOut }: LetterProps) {
  const [editing, setEditing] = useState(false);
  // The preview is a request that writes nothing, so it is a query.
  const preview = api.useQuery(
    "post",
    "/v2/mailings/{mailing}/preview",
    { params: { path: { mailing: mailing.key } }, body: { recipientKey: recipient } },
    { staleTime: 0 },
  );
  const params = { path: { mailing: mailing.key, recipient } };
  const leaveOut = useMutation({
    mutationFn: () => client.POST("/v2/mailings/{mailing}/recipients/{recipient}", { params, body: { leftOut: true } }),
    onSuccess: async () => {
      onLeftOut();
      await refreshMailings();
    },
  });
  return (
    <Ready query={preview} loading={<Loading rows={5} />}>
      {(letter) => (
        <>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            <span className="quiet">To</span> {letter.to}
            <br />
            <span className="quiet">Subject</span> {letter.subject}
          </Text>
          <Suspense fallback={<Loading rows={5} />}>
            <Editor key={letter.html} label="Text of the letter" html={withoutStyles(letter.html)} readOnly />
          </Suspense>
          {letter.missing.length > 0 && (
            <Refusal
              error={`Without a value: ${[...new Set(letter.missing.map(({ field }) => field))].join(", ")}. This recipient gets no e-mail.`}
            />
          )}
          <Group gap="xs">
            <Button variant="default" size="compact-sm" onClick={() => setEditing(true)}>
              Change only this letter
            </Button>
            <Button variant="default" size="compact-sm" loading={leaveOut.isPending} onClick={() => leaveOut.mutate()}>
              Leave this recipient out
            </Button>
            {(letter.recipient.html !== undefined || letter.recipient.subject !== undefined) && (
              <Text size="xs" className="quiet">
                This letter differs from the others.
              </Text>
            )}
          </Group>
          {editing && (
            <EditOne
              mailing={mailing}
              preview={letter}
              onClose={() => setEditing(false)}
              onSaved={() => void preview.refetch()}
            />
          )}
        </>
      )}
    </Ready>
  );
}

type EditOneProps = { mailing: MailingOut; preview: MailingPreviewOut; onClose: () => void; onSaved: () => void };

/** Writes another text for one recipient. */
function EditOne({ mailing, preview, onClose, onSaved }: EditOneProps) {
  const { recipient } = preview;
  const [subject, setSubject] = useState(recipient.subject ?? mailing.subject);
  const [html, setHtml] = useState(recipient.html ?? mailing.html);
  const form = useForm(async () => {
    await client.POST("/v2/mailings/{mailing}/recipients/{recipient}", {
      params: { path: { mailing: mailing.key, recipient: recipient.key } },
      body: { subject, html },
    });
    onClose();
    onSaved();
    await refreshMailings();
  });
  const wrong = errorAt(form.error, "subject", "html");
  return (
    <Modal opened onClose={onClose} title={`Only for ${recipient.name || recipient.address}`} size="lg">
      <form onSubmit={form.submit}>
        <Stack>
          <TextInput
            label="Subject"
            value={subject}
            error={errorAt(form.error, "subject")}
            onChange={(event) => setSubject(event.currentTarget.value)}
          />
          <Suspense fallback={<Loading rows={5} />}>
            <Editor label="Text for this recipient" html={withoutStyles(html)} onChange={setHtml} />
          </Suspense>
          <Refusal error={form.error ? (wrong ?? messageOf(form.error)) : null} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
