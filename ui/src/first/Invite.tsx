import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt, messageOf } from "../api/problem";
import { queries } from "../api/queries";
import type { InvitationOut } from "../api/schema";
import { useForm } from "../app/SignIn";
import { ShownOnce } from "../parts/ShownOnce";
import { say } from "../parts/toasts";

/** Asks someone into the team; without mail the link to pass on is shown. */
export function Invite({ teamKey, onClose }: { teamKey: string; onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [made, setMade] = useState<InvitationOut | null>(null);
  const form = useForm(async () => {
    const { data } = await client.POST("/v2/teams/{team}/invitations", {
      params: { path: { team: teamKey } },
      body: { email: email.trim() },
    });
    const told = data as InvitationOut;
    await queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("team") });
    if (told.link) return setMade(told);
    say(told.mailed ? `${told.email} was sent an invitation` : `${told.email} is in the team now`);
    onClose();
  });
  if (made?.link) {
    return (
      <Modal opened onClose={onClose} size="lg" title={`Invitation for ${made.email}`} closeOnClickOutside={false}>
        <Stack>
          <ShownOnce label="Invitation link" value={made.link}>
            This server sends no mail: pass the link on yourself.
          </ShownOnce>
          <Group justify="flex-end">
            <Button onClick={onClose}>I have it</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  const refusal = form.error === null ? undefined : (errorAt(form.error, "email") ?? messageOf(form.error));
  return (
    <Modal opened onClose={onClose} title="Invite a colleague">
      <form onSubmit={form.submit}>
        <Stack>
          <TextInput
            type="email"
            label="E-mail address"
            placeholder="bo@example.com"
            data-autofocus
            required
            value={email}
            error={refusal}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <Text size="sm" className="quiet">
            As a member of your team, who reaches every pipeline that is shared with it.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              Invite
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
