import { Button, Group, Table, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import type { InvitationOut, TeamOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import classes from "../integrations/integrations.module.css";
import { InvitationLink, resultOf } from "./Invite";
import { refreshTeams } from "./refresh";
import { roleInWords } from "./roles";

/** Pending invitations. */
export function Invitations({ team }: { team: TeamOut }) {
  const query = api.useQuery("get", "/v2/teams/{team}/invitations", { params: { path: { team: team.key } } });
  return (
    <section aria-label="Invitations">
      <header className={classes.head}>
        <Title order={2}>Invitations</Title>
        <CopyAsCode call={{ method: "GET", path: `/v2/teams/${team.key}/invitations` }} />
      </header>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Text className="quiet">No pending invitations</Text>
          ) : (
            <Rows heads={["E-mail", "Role", "Invited", "State", null]}>
              {results.map((each) => (
                <Invitation key={each.key} invitation={each} />
              ))}
            </Rows>
          )
        }
      </Ready>
    </section>
  );
}

function Invitation({ invitation }: { invitation: InvitationOut }) {
  const [fresh, setFresh] = useState<InvitationOut | null>(null);
  const path = { invitation: invitation.key };
  const resend = useMutation({
    mutationFn: () => client.POST("/v2/invitations/{invitation}/resend", { params: { path } }),
    onSuccess: ({ data }) => {
      const answer = data as InvitationOut;
      if (answer.link) setFresh(answer);
      else say(resultOf(answer));
      return refreshTeams();
    },
  });
  const revoke = useMutation({
    mutationFn: () => client.DELETE("/v2/invitations/{invitation}", { params: { path } }),
    onSuccess: () => {
      say(`Took back the invitation of ${invitation.email}`);
      return refreshTeams();
    },
  });
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>{invitation.email}</Table.Td>
      <Table.Td>{roleInWords(invitation.role)}</Table.Td>
      <Table.Td>
        <Moment at={invitation.creationTimestamp} />
      </Table.Td>
      <Table.Td>
        {invitation.state === "EXPIRED" ? (
          "Link has expired"
        ) : (
          <span className="quiet">{invitation.mailed ? "Mailed" : "Link to be passed on"}</span>
        )}
      </Table.Td>
      <Table.Td align="right">
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Button variant="subtle" size="compact-xs" loading={resend.isPending} onClick={() => resend.mutate()}>
            {invitation.mailed ? "Send again" : "New link"}
          </Button>
          <Button
            variant="subtle"
            color="red"
            size="compact-xs"
            loading={revoke.isPending}
            onClick={() => revoke.mutate()}
          >
            Revoke
          </Button>
        </Group>
        {fresh && <InvitationLink invitation={fresh} onClose={() => setFresh(null)} />}
      </Table.Td>
    </Table.Tr>
  );
}
