import { Button, Group, Modal, Stack, Switch, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import type { TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { say } from "../components/toasts";
import { refreshTeams } from "./refresh";
import { isOwner } from "./roles";

/** Whether e-mail of the team may count opens and clicks. Owners decide, after they read what that means. */
export function Tracking({ team }: { team: TeamOut }) {
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const isMine = isOwner(team, me.key);
  const turn = useMutation({
    mutationFn: (mailTracking: boolean) =>
      client.POST("/v2/teams/{team}", { params: { path: { team: team.key } }, body: { mailTracking } }),
    onSettled: () => {
      setAsking(false);
      return refreshTeams();
    },
  });
  return (
    <section aria-label="Opens and clicks">
      <Title order={2} mb={4}>
        Opens and clicks
      </Title>
      <Stack gap="sm">
        <Switch
          label="E-mail may count opens and clicks"
          description={
            isMine
              ? "The author decides for each e-mail. It is off at first."
              : "Only owners of the team can change it."
          }
          disabled={!isMine || turn.isPending}
          checked={team.mailTracking}
          onChange={(event) => (event.currentTarget.checked ? setAsking(true) : turn.mutate(false))}
        />
        {team.mailTracking && isMine && <Host team={team} />}
      </Stack>
      {asking && (
        <Modal opened onClose={() => setAsking(false)} title="Count opens and clicks?">
          <Stack>
            <Text size="sm">
              E-mail that is tracked contains a picture and links that lead to this server. The recipients do not see
              them, and have not agreed to them.
            </Text>
            <Text size="sm">
              In many countries, among them those of the European Union, you need the consent of the recipients, or
              another reason, and must say in your privacy notice what you count and why. Ask who is responsible for
              data protection in your organization.
            </Text>
            <Text size="sm">
              Boxwood stores the time, the link and the kind of program. It stores no address of a computer and no
              place, and sets no cookie. You can turn it off at any time: nothing is counted then.
            </Text>
            <Group justify="flex-end">
              <Button variant="default" data-autofocus onClick={() => setAsking(false)}>
                Leave it off
              </Button>
              <Button loading={turn.isPending} onClick={() => turn.mutate(true)}>
                Turn it on
              </Button>
            </Group>
          </Stack>
        </Modal>
      )}
    </section>
  );
}

function Host({ team }: { team: TeamOut }) {
  const [host, setHost] = useState(team.trackingHost);
  const form = useForm(async () => {
    await client.POST("/v2/teams/{team}", {
      params: { path: { team: team.key } },
      body: { trackingHost: host.trim() },
    });
    say("Saved");
    await refreshTeams();
  });
  const wrong = errorAt(form.error, "trackingHost");
  return (
    <form onSubmit={form.submit}>
      <Group align="flex-start" gap="xs">
        <TextInput
          style={{ flex: 1, minWidth: 220 }}
          maw={380}
          label="Host name in the links"
          description="A name of yours that leads to this server. Empty: that of the server."
          placeholder="links.example.com"
          value={host}
          error={wrong}
          onChange={(event) => setHost(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" mt={46} loading={form.busy} disabled={host === team.trackingHost}>
          Save
        </Button>
      </Group>
      <Refusal error={wrong ? null : form.error} />
    </form>
  );
}
