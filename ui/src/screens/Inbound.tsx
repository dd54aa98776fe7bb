import { ActionIcon, Badge, Button, Group, Menu, Table, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconInbox } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { ArrivalOut, InboundEdit, InboundOut } from "../api/schema";
import { usePipeline } from "../app/Frame";
import { Arrival, VERDICTS } from "../integrations/Arrival";
import { InboundForm, InboundSecrets } from "../integrations/InboundForm";
import classes from "../integrations/integrations.module.css";
import { CopyAsCode } from "../parts/CopyAsCode";
import { Moment } from "../parts/Moment";
import { Empty, Ready } from "../parts/states";
import { say } from "../parts/toasts";

/** One inbound webhook: its settings, and what was sent to it. */
export default function Inbound() {
  const { inbound = "" } = useParams();
  const asked = api.useQuery("get", "/v2/inbound/{inbound}", { params: { path: { inbound } } });
  return (
    <div className={classes.page}>
      <Ready query={asked}>
        {(one) => (
          <>
            <Head one={one} />
            <Facts one={one} />
            <Requests one={one} />
          </>
        )}
      </Ready>
    </div>
  );
}

function Head({ one }: { one: InboundOut }) {
  const pipeline = usePipeline();
  const navigate = useNavigate();
  const [editing, edit] = useDisclosure(false);
  const [made, setMade] = useState<InboundOut | null>(null);
  const params = { path: { inbound: one.key } };
  const change = useMutation({
    mutationFn: (body: InboundEdit) => client.POST("/v2/inbound/{inbound}", { params, body }),
    onSuccess: refresh,
  });
  const rotate = useMutation({
    mutationFn: () => client.POST("/v2/inbound/{inbound}/rotate", { params, body: {} }),
    onSuccess: ({ data }) => {
      setMade(data as InboundOut);
      return refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/inbound/{inbound}", { params }),
    onSuccess: async () => {
      await navigate(`/pipelines/${pipeline.key}/integrations`);
      say(`Deleted ${one.name}`);
      return refresh();
    },
  });
  return (
    <header className={classes.head}>
      <div>
        <Link className="quiet" to={`/pipelines/${pipeline.key}/integrations`}>
          Integrations
        </Link>
        <Title order={2}>{one.name || "Nameless"}</Title>
      </div>
      <Group gap="xs">
        <CopyAsCode call={{ method: "GET", path: `/v2/inbound/${one.key}/requests` }} />
        <Button variant="default" onClick={edit.open}>
          Edit
        </Button>
        <Button
          variant={one.active ? "default" : "filled"}
          loading={change.isPending}
          onClick={() => change.mutate({ active: !one.active })}
        >
          {one.active ? "Switch off" : "Switch on"}
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label="More">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => rotate.mutate()}>New address</Menu.Item>
            <Menu.Item color="red" onClick={() => remove.mutate()}>
              Delete
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {editing && <InboundForm pipeline={pipeline.key} inbound={one} onClose={edit.close} />}
      {made && <InboundSecrets made={made} onClose={() => setMade(null)} />}
    </header>
  );
}

function Facts({ one }: { one: InboundOut }) {
  return (
    <dl className={classes.facts}>
      <dt>State</dt>
      <dd>
        <i className={classes.light} data-health={one.active ? "good" : "paused"} />
        {one.active ? "Listening" : "Switched off: requests are refused"}
      </dd>
      <dt>Address</dt>
      <dd>
        {one.tokens.map((each) => (
          <div key={each.key}>
            <code>
              {location.origin}/hooks/{each.prefix}…
            </code>
            {each.endDate && (
              <span className="quiet">
                {" "}
                ends <Moment at={each.endDate} />
              </span>
            )}
          </div>
        ))}
      </dd>
      <dt>Takes</dt>
      <dd>
        {one.method}, {one.signature === "NONE" ? "unsigned" : `signed (${one.signature.toLowerCase()})`}
        {one.addresses.length > 0 && `, only from ${one.addresses.join(", ")}`}
      </dd>
      {one.condition && (
        <>
          <dt>Only where</dt>
          <dd>
            <code>{one.condition}</code>
          </dd>
        </>
      )}
    </dl>
  );
}

function Requests({ one }: { one: InboundOut }) {
  const [search, setSearch] = useSearchParams();
  const open = search.get("request");
  const params = { path: { inbound: one.key }, query: { limit: 100 } };
  const asked = api.useQuery("get", "/v2/inbound/{inbound}/requests", { params }, { refetchInterval: 5000 });
  const show = (key: string | null) =>
    setSearch((before) => {
      if (key === null) before.delete("request");
      else before.set("request", key);
      return before;
    });
  return (
    <section aria-label="Requests">
      <Title order={3} mb="xs">
        Last requests
      </Title>
      <Ready query={asked}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconInbox} title="Nothing has arrived yet">
              Send a {one.method} request to the address, with JSON or a form: it shows here within seconds.
            </Empty>
          ) : (
            <div className={classes.rows}>
              <Table verticalSpacing={6} highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Arrived</Table.Th>
                    <Table.Th>Verdict</Table.Th>
                    <Table.Th>From</Table.Th>
                    <Table.Th>Size</Table.Th>
                    <Table.Th aria-label="Open" />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {results.map((each) => (
                    <Row key={each.key} one={each} onOpen={() => show(each.key)} />
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )
        }
      </Ready>
      {open && <Arrival inbound={one.key} request={open} onClose={() => show(null)} />}
    </section>
  );
}

function Row({ one, onOpen }: { one: ArrivalOut; onOpen: () => void }) {
  const verdict = VERDICTS[one.verdict];
  return (
    <Table.Tr className={classes.row} onClick={onOpen}>
      <Table.Td>
        <Moment at={one.timestamp} />
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={verdict?.color ?? "gray"} tt="none" fw={550} c="var(--strong)">
          {verdict?.label ?? one.verdict}
        </Badge>
        {one.reason && <span className="quiet"> {one.reason}</span>}
      </Table.Td>
      <Table.Td>{one.source}</Table.Td>
      <Table.Td className="numbers">{one.size} B</Table.Td>
      <Table.Td align="right">
        <Button variant="subtle" size="compact-xs" onClick={onOpen} aria-label={`Open the request ${one.key}`}>
          Open
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function refresh() {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => /inbound|endpoints/.test(String(queryKey[1])) });
}
