import { ActionIcon, Button, Group, Menu, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconInbox } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { InboundEdit, InboundOut } from "../api/schema";
import { usePipeline } from "../app/pipeline";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { Arrival, VERDICTS } from "../integrations/Arrival";
import { InboundForm, InboundSecrets } from "../integrations/InboundForm";
import classes from "../integrations/integrations.module.css";
import { Journal, SHOWN, useJournal } from "../integrations/Journal";
import { Verdict } from "../integrations/Verdict";

/** Screen of one inbound webhook: its settings and the requests it received. */
export default function Inbound() {
  const { inbound = "" } = useParams();
  const query = api.useQuery("get", "/v2/inbound/{inbound}", { params: { path: { inbound } } });
  return (
    <div className={classes.page}>
      <Ready query={query}>
        {(loaded) => (
          <>
            <Head inbound={loaded} />
            <Facts inbound={loaded} />
            <Requests inbound={loaded} />
          </>
        )}
      </Ready>
    </div>
  );
}

function Head({ inbound }: { inbound: InboundOut }) {
  const pipeline = usePipeline();
  const navigate = useNavigate();
  const [editing, edit] = useDisclosure(false);
  const [created, setCreated] = useState<InboundOut | null>(null);
  const params = { path: { inbound: inbound.key } };
  const change = useMutation({
    mutationFn: (body: InboundEdit) => client.POST("/v2/inbound/{inbound}", { params, body }),
    onSuccess: refresh,
  });
  const rotate = useMutation({
    mutationFn: () => client.POST("/v2/inbound/{inbound}/rotate", { params, body: {} }),
    onSuccess: ({ data }) => {
      setCreated(data as InboundOut);
      return refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/inbound/{inbound}", { params }),
    onSuccess: async () => {
      await navigate(`/pipelines/${pipeline.key}/integrations`);
      say(`Deleted ${inbound.name}`);
      return refresh();
    },
  });
  return (
    <header className={classes.head}>
      <div>
        <Link className="quiet" to={`/pipelines/${pipeline.key}/integrations`}>
          Integrations
        </Link>
        <Title order={2}>{inbound.name || "Nameless"}</Title>
      </div>
      <Group gap="xs">
        <CopyAsCode call={{ method: "GET", path: `/v2/inbound/${inbound.key}/requests` }} />
        <Button variant="default" onClick={edit.open}>
          Edit
        </Button>
        <Button
          variant={inbound.active ? "default" : "filled"}
          loading={change.isPending}
          onClick={() => change.mutate({ active: !inbound.active })}
        >
          {inbound.active ? "Switch off" : "Switch on"}
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
      {editing && <InboundForm pipeline={pipeline.key} inbound={inbound} onClose={edit.close} />}
      {created && <InboundSecrets created={created} onClose={() => setCreated(null)} />}
    </header>
  );
}

function Facts({ inbound }: { inbound: InboundOut }) {
  return (
    <dl className={classes.facts}>
      <dt>State</dt>
      <dd>
        <i className={classes.light} data-health={inbound.active ? "good" : "paused"} />
        {inbound.active ? "Listening" : "Switched off: requests are refused"}
      </dd>
      <dt>Address</dt>
      <dd>
        {inbound.tokens.map((each) => (
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
        {inbound.method}, {inbound.signature === "NONE" ? "unsigned" : `signed (${inbound.signature.toLowerCase()})`}
        {inbound.addresses.length > 0 && `, only from ${inbound.addresses.join(", ")}`}
      </dd>
      {inbound.condition && (
        <>
          <dt>Only where</dt>
          <dd>
            <code>{inbound.condition}</code>
          </dd>
        </>
      )}
    </dl>
  );
}

function Requests({ inbound }: { inbound: InboundOut }) {
  const log = useJournal("request");
  const params = { path: { inbound: inbound.key }, query: { limit: SHOWN } };
  const query = api.useQuery("get", "/v2/inbound/{inbound}/requests", { params }, { refetchInterval: 5000 });
  return (
    <Journal
      title="Last requests"
      log={log}
      query={query}
      icon={IconInbox}
      empty="Nothing has arrived yet"
      heads={["Arrived", "Verdict", "From", "Size"]}
      cells={(each) => [
        <Moment key="at" at={each.timestamp} />,
        <>
          <Verdict color={VERDICTS[each.verdict]?.color}>{VERDICTS[each.verdict]?.label ?? each.verdict}</Verdict>
          {each.reason && <span className="quiet"> {each.reason}</span>}
        </>,
        each.source,
        <span key="size" className="numbers">
          {each.size} B
        </span>,
      ]}
      draw={(key, close) => <Arrival inbound={inbound.key} request={key} onClose={close} />}
    >
      Send a {inbound.method} request to the address, with JSON or a form: it shows here within seconds.
    </Journal>
  );
}

function refresh() {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => /inbound|endpoints/.test(String(queryKey[1])) });
}
