import { Badge, Button, Group, Select, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUserPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { client } from "../api/client";
import type { TeamMemberOut, TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Face, nameOf } from "../components/People";
import { Rows } from "../components/Rows";
import { say } from "../components/toasts";
import classes from "../integrations/integrations.module.css";
import { Invitations } from "./Invitations";
import { Invite } from "./Invite";
import { Leave } from "./Leave";
import { refreshTeams } from "./refresh";
import { isOwner, ROLES, roleInWords } from "./roles";

/** Members of the team with their roles, and pending invitations. */
export function People({ team }: { team: TeamOut }) {
  const me = useMe();
  const owns = isOwner(team, me.key);
  const [inviting, dialog] = useDisclosure(false);
  useCommands(
    owns ? [{ id: "invite", label: "Invite somebody to the team", section: "Team", keys: "c", run: dialog.open }] : [],
  );
  return (
    <>
      <section aria-label="Members">
        <header className={classes.head}>
          <div>
            <Title order={2}>Members</Title>
            {!owns && (
              <Text component="p" className="quiet">
                Owners of the team invite people, change roles and read the audit log.
              </Text>
            )}
          </div>
          <Group gap="xs">
            <CopyAsCode call={{ method: "GET", path: `/v2/teams/${team.key}` }} />
            {owns && (
              <Button leftSection={<IconUserPlus size={15} />} onClick={dialog.open}>
                Invite
              </Button>
            )}
          </Group>
        </header>
        <Rows heads={["Name", "E-mail", "Role", "Since", null]}>
          {team.members.map((each) => (
            <Member key={each.userKey} team={team} member={each} owns={owns} />
          ))}
        </Rows>
      </section>
      {owns && <Invitations team={team} />}
      {inviting && <Invite team={team} onClose={dialog.close} />}
    </>
  );
}

function Member({ team, member, owns }: { team: TeamOut; member: TeamMemberOut; owns: boolean }) {
  const me = useMe();
  const [leaving, dialog] = useDisclosure(false);
  const name = nameOf(member);
  const own = member.userKey === me.key;
  const change = useMutation({
    mutationFn: (role: string) =>
      client.POST("/v2/teams/{team}/members/{user}", {
        params: { path: { team: team.key, user: member.userKey } },
        body: { role: role as "Member" },
      }),
    onSuccess: (_, role) => say(`${name}: ${roleInWords(role)}`),
    onSettled: refreshTeams,
  });
  // The new role shows at once. If the server refuses it, the old role comes back.
  const role = change.isPending ? change.variables : member.role;
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <Group gap={8} wrap="nowrap">
          <Face person={member} />
          <span className="cut">{name}</span>
          {own && <span className="quiet">you</span>}
          {member.inviteStatus === "Pending" && (
            <Badge variant="default" size="sm" tt="none" fw={500}>
              Invited
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td>{member.email}</Table.Td>
      <Table.Td>
        {owns ? (
          <Select
            aria-label={`Role of ${name}`}
            size="xs"
            w={120}
            data={ROLES.map(({ value, label }) => ({ value, label }))}
            value={role}
            allowDeselect={false}
            comboboxProps={{ width: 320, position: "bottom-start" }}
            renderOption={({ option }) => (
              <span>
                {option.label} <span className="quiet">{ROLES.find((each) => each.value === option.value)?.means}</span>
              </span>
            )}
            onChange={(value) => value && value !== member.role && change.mutate(value)}
          />
        ) : (
          roleInWords(member.role)
        )}
      </Table.Td>
      <Table.Td>
        <Moment at={member.inviteDate} day />
      </Table.Td>
      <Table.Td align="right">
        {(owns || own) && (
          <Button variant="subtle" color="red" size="compact-xs" onClick={dialog.open}>
            {own ? "Leave" : "Remove"}
          </Button>
        )}
        {leaving && <Leave team={team} member={member} onClose={dialog.close} />}
      </Table.Td>
    </Table.Tr>
  );
}
