import { Button, Checkbox, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import type { HandoverOut, TeamMemberOut, TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { nameOf } from "../components/People";
import { say } from "../components/toasts";
import { refreshTeams } from "./refresh";
import { handoverInWords } from "./roles";

/** Removes a member (or the user) from the team and hands their work to another member. */
export function Leave({ team, member, onClose }: { team: TeamOut; member: TeamMemberOut; onClose: () => void }) {
  const me = useMe();
  const own = member.userKey === me.key;
  const name = nameOf(member);
  const [heir, setHeir] = useState<string | null>(null);
  const [archive, setArchive] = useState(false);
  const heirs = team.members.filter(
    (each) => each.userKey !== member.userKey && (each.role === "Owner" || each.role === "Member"),
  );
  const form = useForm(async () => {
    const { data } = await client.POST("/v2/teams/{team}/members/{user}/leave", {
      params: { path: { team: team.key, user: member.userKey } },
      body: heir ? { reassignTo: heir, archive } : { archive },
    });
    const passed = handoverInWords(data as HandoverOut);
    say(`${own ? "You" : name} left ${team.name}${passed ? `: ${passed} handed over` : ""}`);
    onClose();
    await refreshTeams();
  });
  const at = errorAt(form.error, "reassignTo");
  return (
    <Modal opened onClose={onClose} title={own ? `Leave ${team.name}?` : `Remove ${name} from ${team.name}?`}>
      <form onSubmit={form.submit}>
        <Stack ta="left">
          <Text size="sm">
            {own ? "You reach" : `${name} reaches`} nothing of the team from then on. Pipelines that would be left
            without an admin, webhooks and automations pass to the same member, or to an owner.
          </Text>
          <Select
            label="Hand boxes and open tasks to"
            placeholder={own ? "They stay assigned to you" : `They stay assigned to ${name}`}
            data={heirs.map((each) => ({ value: each.userKey, label: nameOf(each) }))}
            value={heir}
            clearable
            searchable
            error={at}
            onChange={setHeir}
          />
          <Checkbox
            label={own ? "Keep me in the team's list, archived" : "Keep them in the team's list, archived"}
            checked={archive}
            onChange={(event) => setArchive(event.currentTarget.checked)}
          />
          <Refusal error={at ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" data-autofocus onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red.9" loading={form.busy}>
              {own ? "Leave the team" : "Remove from the team"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
