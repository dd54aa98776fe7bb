import { Button, Group, Modal, Stack, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import type { TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { refreshTeams } from "./refresh";

type Props = { team?: TeamOut; onClose: () => void; onMade?: (key: string) => void };

/** Form that renames a team or creates one. */
export function NameForm({ team, onClose, onMade }: Props) {
  const me = useMe();
  const [name, setName] = useState(team?.name ?? "");
  const [restricted, setRestricted] = useState(team?.sharingRestrictedToTeam ?? false);
  const form = useForm(async () => {
    const body = { name: name.trim() };
    if (team) {
      await client.POST("/v2/teams/{team}", {
        params: { path: { team: team.key } },
        body: { ...body, sharingRestrictedToTeam: restricted },
      });
      await refreshTeams();
    } else {
      const { data } = await client.POST("/v2/teams", { body: { ...body, members: [{ email: me.email }] } });
      await refreshTeams();
      onMade?.((data as TeamOut).key);
    }
    onClose();
  });
  const at = errorAt(form.error, "name");
  return (
    <Modal opened onClose={onClose} title={team ? "Rename the team" : "New team"}>
      <form onSubmit={form.submit}>
        <Stack>
          <TextInput
            label="Name of the team"
            data-autofocus
            required
            value={name}
            error={at}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          {team && (
            <Switch
              label="Share pipelines within the team only"
              description="People outside the team cannot be added to its pipelines."
              checked={restricted}
              onChange={(event) => setRestricted(event.currentTarget.checked)}
            />
          )}
          <Refusal error={at ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy} disabled={name.trim() === ""}>
              {team ? "Rename" : "Make it"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
