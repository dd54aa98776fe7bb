import { Button, Checkbox, Group, Modal, PasswordInput, Select, Stack, TagsInput } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt, errorWithin, messageOf } from "../api/problem";
import type { MailboxEdit, MailboxOut, SharedConversationsOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { say } from "../components/toasts";
import { SHARES, type Share } from "./shares";

type EditMailboxProps = { mailbox: MailboxOut; onSaved: () => Promise<unknown>; onClose: () => void };

/** Gives the new share to stored conversations that had the old one. Returns how many stay open. */
async function shareStored(mailbox: MailboxOut): Promise<number> {
  for (;;) {
    const { data } = await client.POST("/v2/mailboxes/{mailbox}/share", {
      params: { path: { mailbox: mailbox.key } },
      body: { from: mailbox.share as Share },
    });
    const { kept, hasNextPage } = data as SharedConversationsOut;
    if (!hasNextPage) return kept;
  }
}

/** Changes the password, the other addresses and the share of a mailbox. */
export function EditMailbox({ mailbox, onSaved, onClose }: EditMailboxProps) {
  const [password, setPassword] = useState("");
  const [aliases, setAliases] = useState(mailbox.aliases);
  const [share, setShare] = useState(mailbox.share as Share);
  const [sharesStored, setSharesStored] = useState(false);
  const isPersonal = mailbox.kind === "personal";
  const form = useForm(async () => {
    const body: MailboxEdit = {
      aliases,
      ...(isPersonal && { share }),
      ...(password && { imap: { password }, ...(mailbox.smtp && { smtp: { password } }) }),
    };
    const params = { path: { mailbox: mailbox.key } };
    await client.POST("/v2/mailboxes/{mailbox}", { params, body });
    const kept = sharesStored && share !== mailbox.share ? await shareStored(mailbox) : 0;
    say(kept ? `Saved. ${kept} conversations stay open: they are also in other mailboxes.` : "Saved");
    onClose();
    await onSaved();
  });
  const wrong =
    errorWithin(form.error, "aliases") ?? errorWithin(form.error, "imap") ?? errorWithin(form.error, "share");
  return (
    <Modal opened onClose={onClose} title={`Edit ${mailbox.address}`}>
      <form onSubmit={form.submit}>
        <Stack>
          {mailbox.imap && !mailbox.provider && (
            <PasswordInput
              label="New password"
              description="Leave empty to keep the stored password."
              autoComplete="off"
              data-autofocus
              value={password}
              error={errorWithin(form.error, "imap")?.message}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          )}
          <TagsInput
            label="Other addresses"
            description="Addresses that deliver to this mailbox"
            value={aliases}
            error={errorWithin(form.error, "aliases")?.message}
            onChange={setAliases}
          />
          {isPersonal && (
            <Select
              label="What others see of it"
              description="Of e-mail that arrives from now on"
              allowDeselect={false}
              data={SHARES.map(({ value, label }) => ({ value, label }))}
              value={share}
              error={errorAt(form.error, "share")}
              onChange={(value) => setShare((value ?? "full") as Share)}
            />
          )}
          {isPersonal && share !== mailbox.share && (
            <Checkbox
              label="Also of e-mail that is stored already"
              description="Conversations with another choice of yours stay."
              checked={sharesStored}
              onChange={(event) => setSharesStored(event.currentTarget.checked)}
            />
          )}
          <Refusal error={form.error && !wrong ? messageOf(form.error) : null} />
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
