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

/** Form that invites a person to the team. If no mail was sent, it shows the link to pass on. */
export function Invite({ team, onClose }: { team: TeamOut; onClose: () => void }) {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState("Member");
  const [created, setCreated] = useState<InvitationOut | null>(null);
  const form = useForm(async () => {
    const { data } = await client.POST("/v2/teams/{team}/invitations", {
      params: { path: { team: team.key } },
      body: { email: email.trim(), role: role as "Member", ...(name.trim() ? { name: name.trim() } : {}) },
    });
    const answer = data as InvitationOut;
    await refreshTeams();
    if (answer.link) {
      setCreated(answer);
      return;
    }
    say(resultOf(answer));
    onClose();
  });
  if (created) return <InvitationLink invitation={created} onClose={onClose} />;
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

/** The result of an invitation whose link need not be passed on. */
export function resultOf(invitation: InvitationOut): string {
  if (invitation.state === "ACCEPTED") return `${invitation.email} is a member now`;
  if (invitation.mailed) return `The invitation is on its way to ${invitation.email}`;
  return `${invitation.email} is invited. No mail is set up. The member who invited them first has the link.`;
}

export function InvitationLink({ invitation, onClose }: { invitation: InvitationOut; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size="lg" title={`Invitation of ${invitation.email}`} closeOnClickOutside={false}>
      <Stack>
        <ShownOnce label="Invitation link" value={invitation.link ?? ""}>
          The person who opens it signs in as {invitation.email}. Do not share it with anyone else.
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
