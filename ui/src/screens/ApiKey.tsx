import "@mantine/charts/styles.css";
import { BarChart } from "@mantine/charts";
import { Button, Group, Modal, Select, Stack, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChartBar } from "@tabler/icons-react";
import { useState } from "react";
import { useParams } from "react-router";
import { api, client } from "../api/client";
import { messageOf } from "../api/problem";
import { queries } from "../api/queries";
import type { ApiKeyOut, KeyUsageOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { ShownOnce } from "../components/ShownOnce";
import { Empty, Ready } from "../components/states";
import { say } from "../components/toasts";
import classes from "../integrations/integrations.module.css";
import { KeyFields, otherwise } from "../integrations/KeyFields";
import { accessOf, bodyOf, inWords, limitsOf } from "../integrations/keyLimits";

const refresh = () =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/apikeys") });

/** Screen of one API key: what it may do, and what it was used for. */
export default function ApiKey() {
  const { apikey = "" } = useParams();
  const query = api.useQuery("get", "/v1/apikeys/{apikey}", { params: { path: { apikey } } });
  return (
    <div className={classes.page}>
      <Ready query={query}>
        {(key) => (
          <>
            <Head apiKey={key} />
            <Usage apiKey={key} />
            <Requests apiKey={key} />
          </>
        )}
      </Ready>
    </div>
  );
}

function Head({ apiKey }: { apiKey: ApiKeyOut }) {
  const [editing, edit] = useDisclosure(false);
  const [rotating, rotate] = useDisclosure(false);
  return (
    <header className={classes.head}>
      <div>
        <Title order={1}>{apiKey.name || `${apiKey.prefix}…`}</Title>
        <Text component="p" className="quiet">
          May use: {inWords(apiKey)}. {apiKey.scopes.length > 0 && <code>{apiKey.scopes.join(", ")}</code>}{" "}
          {apiKey.expiresTimestamp && (
            <>
              Ends <Moment at={apiKey.expiresTimestamp} />.
            </>
          )}
        </Text>
      </div>
      <Group gap="xs">
        <CopyAsCode call={{ method: "GET", path: `/v2/apikeys/${apiKey.key}/usage` }} />
        <Button variant="default" onClick={rotate.open}>
          New secret
        </Button>
        <Button onClick={edit.open}>Edit</Button>
      </Group>
      {editing && <EditKey apiKey={apiKey} onClose={edit.close} />}
      {rotating && <RotateKey apiKey={apiKey} onClose={rotate.close} />}
    </header>
  );
}

function EditKey({ apiKey, onClose }: { apiKey: ApiKeyOut; onClose: () => void }) {
  const [limits, setLimits] = useState(() => limitsOf(apiKey));
  const form = useForm(async () => {
    const params = { path: { apikey: apiKey.key } };
    await client.POST("/v1/apikeys/{apikey}", { params, body: bodyOf(limits, apiKey) });
    say("Saved. The next request uses the new limits.");
    onClose();
    await refresh();
  });
  return (
    <Modal opened onClose={onClose} size="lg" title={`Edit ${apiKey.name || "the key"}`}>
      <form onSubmit={form.submit}>
        <Stack>
          <KeyFields value={limits} onChange={setLimits} error={form.error} />
          <Refusal error={otherwise(form.error)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

const HOUR = 3_600_000;
const OVERLAPS = [
  { value: "0", label: "Ends now" },
  { value: String(HOUR), label: "Works for another hour" },
  { value: String(24 * HOUR), label: "Works for another day" },
  { value: String(7 * 24 * HOUR), label: "Works for another week" },
];

function RotateKey({ apiKey, onClose }: { apiKey: ApiKeyOut; onClose: () => void }) {
  const [overlap, setOverlap] = useState(String(24 * HOUR));
  const [made, setMade] = useState("");
  const form = useForm(async () => {
    const params = { path: { apikey: apiKey.key } };
    const { data } = await client.POST("/v2/apikeys/{apikey}/rotate", { params, body: { overlap: Number(overlap) } });
    setMade((data as ApiKeyOut).apiKey);
    await refresh();
  });
  return (
    <Modal opened onClose={onClose} title={`A new secret for ${apiKey.name || "the key"}`} closeOnClickOutside={!made}>
      {made ? (
        <Stack>
          <ShownOnce label="API key" value={made} />
          <Group justify="flex-end">
            <Button onClick={onClose}>I have it</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={form.submit}>
          <Stack>
            <Select
              label="The old secret"
              data={OVERLAPS}
              allowDeselect={false}
              value={overlap}
              onChange={(value) => setOverlap(value ?? "0")}
            />
            <Refusal error={form.error ? messageOf(form.error) : null} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={form.busy}>
                Create secret
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function Usage({ apiKey }: { apiKey: ApiKeyOut }) {
  const query = api.useQuery("get", "/v2/apikeys/{apikey}/usage", { params: { path: { apikey: apiKey.key } } });
  return (
    <section aria-label="Usage">
      <header className={classes.head}>
        <Title order={2}>Last 30 days</Title>
      </header>
      <Ready query={query}>
        {(usage) =>
          usage.requests === 0 ? (
            <Empty icon={IconChartBar} title="Not used yet">
              Requests with this key appear here.
            </Empty>
          ) : (
            <Stack>
              <Text size="sm">
                <b className="numbers">{usage.requests.toLocaleString()}</b> requests,{" "}
                <b className="numbers">{usage.failed.toLocaleString()}</b> failed,{" "}
                <b className="numbers">{usage.throttled.toLocaleString()}</b> over the rate limit
              </Text>
              <BarChart
                h={180}
                data={usage.days.map(({ day, requests, failed }) => ({
                  day,
                  Succeeded: requests - failed,
                  Failed: failed,
                }))}
                dataKey="day"
                type="stacked"
                maxBarWidth={40}
                yAxisProps={{ allowDecimals: false }}
                series={[
                  { name: "Succeeded", color: "boxwood.6" },
                  { name: "Failed", color: "orange.7" },
                ]}
              />
              <Suggestion apiKey={apiKey} usage={usage} />
              <Rows heads={["Operation", "Status", "Requests"]} label="Operations">
                {usage.routes.map(({ route, status, part, requests }) => (
                  <Table.Tr key={`${route} ${status} ${part}`}>
                    <Table.Td className={classes.wide}>
                      <code>{route}</code>
                      {part && <span className="quiet"> in a batch</span>}
                    </Table.Td>
                    <Table.Td className="numbers">{status}</Table.Td>
                    <Table.Td className="numbers">{requests.toLocaleString()}</Table.Td>
                  </Table.Tr>
                ))}
              </Rows>
            </Stack>
          )
        }
      </Ready>
    </section>
  );
}

/** Offers the least scopes that the key needs, if it has others. */
function Suggestion({ apiKey, usage }: { apiKey: ApiKeyOut; usage: KeyUsageOut }) {
  const { suggestedScopes: least, unlimitedRoutes } = usage;
  const form = useForm(async () => {
    const params = { path: { apikey: apiKey.key } };
    await client.POST("/v1/apikeys/{apikey}", { params, body: { scopes: least } });
    say("The key has these scopes now");
    await refresh();
  });
  const has = JSON.stringify(accessOf(apiKey.scopes)) === JSON.stringify(accessOf(least));
  if (least.length === 0 || has || unlimitedRoutes.length > 0) return null;
  return (
    <form onSubmit={form.submit}>
      <Group gap="xs">
        <Text size="sm">
          Used so far: <code>{least.join(", ")}</code>
        </Text>
        <Button type="submit" variant="default" size="compact-sm" loading={form.busy}>
          Limit the key to this
        </Button>
      </Group>
      <Refusal error={form.error ? messageOf(form.error) : null} />
    </form>
  );
}

function Requests({ apiKey }: { apiKey: ApiKeyOut }) {
  const query = api.useQuery("get", "/v2/apikeys/{apikey}/requests", { params: { path: { apikey: apiKey.key } } });
  return (
    <section aria-label="Last requests">
      <header className={classes.head}>
        <Title order={2}>Last requests</Title>
      </header>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Text className="quiet">The last 100 requests appear here, without their contents.</Text>
          ) : (
            <Rows heads={["Request", "Status", "Time", "Milliseconds", "Address"]} label="Last requests">
              {results.map((each) => (
                <Table.Tr key={each.id}>
                  <Table.Td className={classes.wide} title={`${each.method} ${each.path}`}>
                    <code>
                      {each.method} {each.path}
                    </code>
                  </Table.Td>
                  <Table.Td className="numbers">{each.status}</Table.Td>
                  <Table.Td>
                    <Moment at={each.timestamp} />
                  </Table.Td>
                  <Table.Td className="numbers">{each.duration}</Table.Td>
                  <Table.Td>{each.address}</Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          )
        }
      </Ready>
    </section>
  );
}
