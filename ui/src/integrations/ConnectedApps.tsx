import { Button, Group, Modal, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlugConnected } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { AppOut } from "../api/schema";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import { say } from "../components/toasts";
import { ACCESS } from "./access";
import classes from "./integrations.module.css";

const APPS = ["get", "/v2/apps"] as const;

/** Section that lists the apps that the user has allowed to act for them. */
export function ConnectedApps() {
  const query = api.useQuery(...APPS, {});
  return (
    <section aria-label="Connected apps">
      <header className={classes.head}>
        <div>
          <Title order={2}>Connected apps</Title>
          <Text component="p" className="quiet">
            Apps and assistants that you allowed to act for you. Give them the address{" "}
            <code>{location.origin}/mcp</code>, and they ask you for access.
          </Text>
        </div>
      </header>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconPlugConnected} title="No connected apps yet">
              An app appears here after you allow it.
            </Empty>
          ) : (
            <Rows heads={["App", "May", "Team", "Connected", "Last used", null]}>
              {results.map((each) => (
                <ConnectedApp key={each.key} app={each} />
              ))}
            </Rows>
          )
        }
      </Ready>
    </section>
  );
}

function ConnectedApp({ app }: { app: AppOut }) {
  const [asking, dialog] = useDisclosure(false);
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const team = teams.data?.results.find((each) => each.key === app.teamKey);
  const disconnect = useMutation({
    mutationFn: () => client.DELETE("/v2/apps/{app}", { params: { path: { app: app.key } } }),
    onSuccess: () => {
      dialog.close();
      say(`Disconnected ${app.name}`);
      return queries.invalidateQueries({ queryKey: APPS });
    },
  });
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>{app.name}</Table.Td>
      <Table.Td>{ACCESS[app.access]?.label}</Table.Td>
      <Table.Td>{app.teamKey ? team?.name : <span className="quiet">all your teams</span>}</Table.Td>
      <Table.Td>
        <Moment at={app.creationTimestamp} />
      </Table.Td>
      <Table.Td>
        {app.lastUsedTimestamp ? <Moment at={app.lastUsedTimestamp} /> : <span className="quiet">never</span>}
      </Table.Td>
      <Table.Td align="right">
        <Button variant="subtle" color="red" size="compact-xs" onClick={dialog.open}>
          Disconnect
        </Button>
        <Modal opened={asking} onClose={dialog.close} title={`Disconnect ${app.name}?`}>
          <Stack>
            <Text size="sm">The app loses its access immediately. To use it again, you have to allow it again.</Text>
            <Group justify="flex-end">
              <Button variant="default" onClick={dialog.close}>
                Cancel
              </Button>
              <Button color="red" data-autofocus loading={disconnect.isPending} onClick={() => disconnect.mutate()}>
                Disconnect
              </Button>
            </Group>
          </Stack>
        </Modal>
      </Table.Td>
    </Table.Tr>
  );
}
