import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import type { InvitationOut, TeamOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { ShownOnce } from "../components/ShownOnce";
import { say } from "../components/toasts";
import { refreshTeams } from "./refresh";
import { ROLES } from "./roles";

/** Asks somebody into the team; where no mail went out, shows the link to pass on. */
export function Invite({ team, onClose }: { team: TeamOut; onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState("Member");
  const [made, setMade] = useState<InvitationOut | null>(null);
  const form = useForm(async () => {
    const { data } = await client.POST("/v2/teams/{team}/invitations", {
      params: { path: { team: team.key } },
      body: { email: email.trim(), role: role as "Member", ...(name.trim() ? { name: name.trim() } : {}) },
    });
    const answer = data as InvitationOut;
    await refreshTeams();
    if (answer.link) {
      setMade(answer);
      return;
    }
    say(told(answer));
    onClose();
  });
  if (made) return <InvitationLink invitation={made} onClose={onClose} />;
  const at = errorAt(form.error, "email");
  return (
    <Modal opened onClose={onClose} title={`Invite to ${team.name}`}>
      <form onSubmit={form.submit}>
        <Stack>
          <TextInput
            label="E-mail"
            type="email"
            placeholder="grace@example.com"
            data-autofocus
            required
            value={email}
            error={at}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <TextInput
            label="Name"
            description="If you like; it can be changed when they come in"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Role"
            data={ROLES.filter((each) => each.value !== "ArchiveOnly").map((each) => ({
              value: each.value,
              label: `${each.label}: ${each.means}`,
            }))}
            value={role}
            allowDeselect={false}
            onChange={(value) => value && setRole(value)}
          />
          <Refusal error={at ? null : form.error} />
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

/** What became of an invitation that needs no link to be passed on. */
export function told(one: InvitationOut): string {
  if (one.state === "ACCEPTED") return `${one.email} is a member now`;
  if (one.mailed) return `The invitation is on its way to ${one.email}`;
  return `${one.email} is invited. No mail is set up, and the link is only told by whoever asked them first.`;
}

export function InvitationLink({ invitation, onClose }: { invitation: InvitationOut; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size="lg" title={`Invitation of ${invitation.email}`} closeOnClickOutside={false}>
      <Stack>
        <ShownOnce label="Invitation link" value={invitation.link ?? ""}>
          Whoever opens it comes in as {invitation.email}: pass it on to nobody else.
        </ShownOnce>
        <Text size="sm" className="quiet">
          No mail is set up on this server, so nothing was sent. The link is good for two weeks and for one use.
        </Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
