import { Anchor, Button, Group, Modal, Progress, Stack, Table, Tabs, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBolt, IconKey, IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { ApiKeyOut, TeamOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Copyable, ShownOnce } from "../components/ShownOnce";
import { Empty, Ready } from "../components/states";
import { say } from "../components/toasts";
import { Body } from "../integrations/Body";
import { ConnectedApps } from "../integrations/ConnectedApps";
import classes from "../integrations/integrations.module.css";
import { KeyFields, otherwise } from "../integrations/KeyFields";
import { bodyOf, inWords, NEW_KEY } from "../integrations/keyLimits";

const KEYS = ["get", "/v1/apikeys"] as const;

/** Screen with the user's API keys, and the team's use of the endpoint quota. */
export default function Integrations() {
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  return (
    <div className={classes.page}>
      <Title order={1}>Integrations</Title>
      <Keys />
      <ConnectedApps />
      {(teams.data?.results ?? []).map((team) => (
        <Endpoints key={team.key} team={team} />
      ))}
    </div>
  );
}

function Keys() {
  const query = api.useQuery(...KEYS, {});
  const [creating, dialog] = useDisclosure(false);
  useCommands([{ id: "new-key", label: "Create new key", section: "Integrations", keys: "c", run: dialog.open }]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={dialog.open}>
      Create new key
    </Button>
  );
  return (
    <section aria-label="Custom integrations">
      <header className={classes.head}>
        <div>
          <Title order={2}>Custom integrations</Title>
          <Text component="p" className="quiet">
            A key lets a program do what you may do yourself, or less. Any client of the Streak API works with it:
            change its base URL to <code>{location.origin}/api</code>.{" "}
            <Anchor href="/docs" underline="always">
              API reference
            </Anchor>
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v1/apikeys" }} />
          {button}
        </Group>
      </header>
      <Ready query={query}>
        {(keys) =>
          keys.length === 0 ? (
            <Empty icon={IconKey} title="No keys yet" action={button}>
              Make one for each program, so that each can be revoked alone.
            </Empty>
          ) : (
            <Rows heads={["Name", "Begins with", "May use", "Made", "Last used", null]}>
              {keys.map((each) => (
                <Key key={each.key} apiKey={each} />
              ))}
            </Rows>
          )
        }
      </Ready>
      {creating && <NewKey onClose={dialog.close} />}
    </section>
  );
}

function Key({ apiKey }: { apiKey: ApiKeyOut }) {
  const [asking, dialog] = useDisclosure(false);
  const revoke = useMutation({
    mutationFn: () => client.DELETE("/v1/apikeys/{apikey}", { params: { path: { apikey: apiKey.key } } }),
    onSuccess: () => {
      dialog.close();
      say(`Revoked ${apiKey.name || "the key"}`);
      return queries.invalidateQueries({ queryKey: KEYS });
    },
  });
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <Link className={classes.open} to={`/integrations/keys/${apiKey.key}`}>
          {apiKey.name || "Nameless"}
        </Link>
        {apiKey.keyType === "TEAM" && (
          <span className="quiet"> · may act for the team, created by {apiKey.creator.fullName}</span>
        )}
      </Table.Td>
      <Table.Td>
        <code>{apiKey.prefix}…</code>
      </Table.Td>
      <Table.Td>{inWords(apiKey)}</Table.Td>
      <Table.Td>
        <Moment at={apiKey.creationTimestamp} />
      </Table.Td>
      <Table.Td>
        {apiKey.lastUsedTimestamp ? <Moment at={apiKey.lastUsedTimestamp} /> : <span className="quiet">never</span>}
      </Table.Td>
      <Table.Td align="right">
        <Button variant="subtle" color="red" size="compact-xs" onClick={dialog.open}>
          Revoke
        </Button>
        <Modal opened={asking} onClose={dialog.close} title={`Revoke ${apiKey.name || "this key"}?`}>
          <Stack>
            <Text size="sm">Programs that use it are refused from their next request on. This cannot be undone.</Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={dialog.close}>
                Keep it
              </Button>
              <Button color="red" data-autofocus loading={revoke.isPending} onClick={() => revoke.mutate()}>
                Revoke
              </Button>
            </Group>
          </Stack>
        </Modal>
      </Table.Td>
    </Table.Tr>
  );
}

function NewKey({ onClose }: { onClose: () => void }) {
  const [limits, setLimits] = useState(NEW_KEY);
  const [made, setMade] = useState<ApiKeyOut | null>(null);
  const form = useForm(async () => {
    const { data } = await client.PUT("/v1/apikeys", { body: bodyOf(limits) });
    setMade(data as ApiKeyOut);
    await queries.invalidateQueries({ queryKey: KEYS });
  });
  if (made) {
    return (
      <Modal opened onClose={onClose} size="lg" title={`The key ${made.name ?? ""}`} closeOnClickOutside={false}>
        <Stack>
          <ShownOnce label="API key" value={made.apiKey} />
          <Snippets secret={made.apiKey} />
          <Group justify="flex-end">
            <Button onClick={onClose}>I have it</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} size="lg" title="Create new key">
      <form onSubmit={form.submit}>
        <Stack>
          <KeyFields value={limits} onChange={setLimits} error={form.error} />
          <Refusal error={otherwise(form.error)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Programs that work as they are when pasted. */
export function Snippets({ secret }: { secret: string }) {
  const texts: Record<string, string> = {
    curl: `curl -u ${secret}: ${location.origin}/api/v1/pipelines`,
    Python: [
      "from streak_crm import Streak",
      "",
      `streak = Streak(base_url="${location.origin}/api", token="${secret}")`,
      "print([pipeline.name for pipeline in streak.pipelines.list_pipelines().results])",
    ].join("\n"),
    Node: [
      `const answer = await fetch("${location.origin}/api/v2/pipelines", {`,
      `  headers: { Authorization: "Bearer ${secret}" },`,
      "});",
      "console.log((await answer.json()).results.map((pipeline) => pipeline.name));",
    ].join("\n"),
  };
  return (
    <Tabs defaultValue="curl">
      <Tabs.List>
        {Object.keys(texts).map((each) => (
          <Tabs.Tab key={each} value={each}>
            {each}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {Object.entries(texts).map(([each, text]) => (
        <Tabs.Panel key={each} value={each} pt="xs">
          {each === "curl" ? (
            <Copyable label="curl line" value={text} />
          ) : (
            <Body text={text} label={`${each} program`} />
          )}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

/** The use of the team's quota of native endpoints. */
function Endpoints({ team }: { team: TeamOut }) {
  const query = api.useQuery("get", "/v2/teams/{team}/endpoints", { params: { path: { team: team.key } } });
  return (
    <section aria-label={`Native endpoints of ${team.name}`}>
      <header className={classes.head}>
        <Title order={2}>Native endpoints of {team.name}</Title>
        <Button
          component={Link}
          to={`/teams/${team.key}/automations`}
          variant="default"
          leftSection={<IconBolt size={15} />}
        >
          Automations of the team
        </Button>
      </header>
      <Ready query={query}>
        {({ allowance, used, results }) => (
          <Stack gap="sm" mt={4}>
            <Text className="quiet">
              Inbound webhooks and webhook steps of automations:{" "}
              <span className="numbers">
                {allowance ? `${used} of ${allowance} in use` : `${used} in use, no limit`}
              </span>
            </Text>
            {allowance > 0 && (
              <Progress
                value={(used / allowance) * 100}
                color={used >= allowance ? "red" : "boxwood"}
                aria-label="Used of the allowance"
                maw={360}
              />
            )}
            {results.length === 0 ? (
              <Text className="quiet">
                <IconPlugConnected size={15} stroke={1.6} style={{ verticalAlign: -2 }} /> Nothing uses one yet. A
                pipeline's Integrations tab is where they are made.
              </Text>
            ) : (
              <Rows heads={["", "", null]}>
                {results.map((each) => (
                  <Table.Tr key={`${each.kind} ${each.key}`}>
                    <Table.Td className={classes.wide}>{each.name}</Table.Td>
                    <Table.Td className="quiet">
                      {each.kind === "INBOUND_WEBHOOK" ? "Inbound webhook" : "Webhook step of an automation"}
                    </Table.Td>
                    <Table.Td align="right">
                      {each.pipelineKey && (
                        <Link className={classes.open} to={`/pipelines/${each.pipelineKey}/integrations`}>
                          Open
                        </Link>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Rows>
            )}
          </Stack>
        )}
      </Ready>
    </section>
  );
}
