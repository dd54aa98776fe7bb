import { ActionIcon, Button, Group, Menu, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconDots, IconPlayerPlay, IconSend } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { PipelineOut, WebhookEdit, WebhookOut } from "../api/schema";
import { usePipeline } from "../app/pipeline";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { Delivery, State } from "../integrations/Delivery";
import { inWords, titleOf } from "../integrations/events";
import { healthOf } from "../integrations/health";
import classes from "../integrations/integrations.module.css";
import { Journal, useJournal } from "../integrations/Journal";
import { ReplayForm } from "../integrations/ReplayForm";
import { Secret } from "../integrations/Secret";
import { WebhookForm } from "../integrations/WebhookForm";

/** Screen of one webhook subscription: its health and its deliveries. */
export default function Webhook() {
  const pipeline = usePipeline();
  const { webhook = "" } = useParams();
  const query = api.useQuery("get", "/v2/webhooks/{webhook}", { params: { path: { webhook } } });
  return (
    <div className={classes.page}>
      <Ready query={query}>
        {(hook) => (
          <>
            <Head hook={hook} pipeline={pipeline} />
            <Facts hook={hook} pipeline={pipeline} />
            <Deliveries hook={hook} />
          </>
        )}
      </Ready>
    </div>
  );
}

function Head({ hook, pipeline }: { hook: WebhookOut; pipeline: PipelineOut }) {
  const navigate = useNavigate();
  const [editing, edit] = useDisclosure(false);
  const [replaying, replay] = useDisclosure(false);
  const [secret, setSecret] = useState<string | null>(null);
  const params = { path: { webhook: hook.key } };
  const change = useMutation({
    mutationFn: (body: WebhookEdit) => client.POST("/v2/webhooks/{webhook}", { params, body }),
    onSuccess: refresh,
  });
  const test = useMutation({
    mutationFn: () => client.POST("/v2/webhooks/{webhook}/test", { params }),
    onSuccess: () => {
      say("A test is on its way: the log shows what comes of it");
      return refresh();
    },
  });
  const rotate = useMutation({
    mutationFn: () => client.POST("/v2/webhooks/{webhook}/rotate", { params }),
    onSuccess: ({ data }) => {
      setSecret((data as WebhookOut).secret ?? "");
      return refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/webhooks/{webhook}", { params }),
    onSuccess: async () => {
      await navigate(`/pipelines/${pipeline.key}/integrations`);
      say("The subscription has ended");
      return refresh();
    },
  });
  return (
    <header className={classes.head}>
      <div>
        <Link className="quiet" to={`/pipelines/${pipeline.key}/integrations`}>
          Integrations
        </Link>
        <Title order={2}>{titleOf(hook)}</Title>
      </div>
      <Group gap="xs">
        <CopyAsCode call={{ method: "GET", path: `/v2/webhooks/${hook.key}/deliveries` }} />
        <Button
          variant="default"
          leftSection={<IconSend size={15} />}
          loading={test.isPending}
          onClick={() => test.mutate()}
        >
          Send a test
        </Button>
        <Button variant="default" onClick={edit.open}>
          Edit
        </Button>
        <Button
          variant={hook.active ? "default" : "filled"}
          loading={change.isPending}
          onClick={() => change.mutate({ active: !hook.active })}
        >
          {hook.active ? "Switch off" : "Switch on"}
        </Button>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label="More">
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPlayerPlay size={15} />} onClick={replay.open}>
              Replay a span of time
            </Menu.Item>
            <Menu.Item onClick={() => rotate.mutate()}>New signing secret</Menu.Item>
            <Menu.Item color="red" onClick={() => remove.mutate()}>
              End the subscription
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {editing && <WebhookForm pipeline={pipeline} hook={hook} onClose={edit.close} />}
      {replaying && <ReplayForm hook={hook} onClose={replay.close} />}
      {secret !== null && <Secret value={secret} onClose={() => setSecret(null)} />}
    </header>
  );
}

function Facts({ hook, pipeline }: { hook: WebhookOut; pipeline: PipelineOut }) {
  const health = healthOf(hook);
  const stages = hook.stages.map((key) => pipeline.stages[key]?.name ?? key);
  const fields = hook.fields.map((key) => pipeline.fields.find((each) => each.key === key)?.name ?? key);
  return (
    <dl className={classes.facts}>
      <dt>Health</dt>
      <dd>
        <i className={classes.light} data-health={health.light} />
        {health.words}
        {hook.failingSince && (
          <>
            {" "}
            since <Moment at={hook.failingSince} />
          </>
        )}
      </dd>
      {hook.name && (
        <>
          <dt>When</dt>
          <dd>{hook.events.map(inWords).join(", ")}</dd>
        </>
      )}
      <dt>Sent to</dt>
      <dd>{hook.targetUrl}</dd>
      {stages.length > 0 && (
        <>
          <dt>Only in</dt>
          <dd>{stages.join(", ")}</dd>
        </>
      )}
      {fields.length > 0 && (
        <>
          <dt>Only changes of</dt>
          <dd>{fields.join(", ")}</dd>
        </>
      )}
      {hook.condition && (
        <>
          <dt>Only where</dt>
          <dd>
            <code>{hook.condition}</code>
          </dd>
        </>
      )}
      <dt>Order</dt>
      <dd>
        {hook.ordered
          ? hook.orderBy === "BOX"
            ? "In order for each box"
            : "In order, one after the other"
          : "As fast as possible, in any order"}
      </dd>
      <dt>Sends</dt>
      <dd>
        {hook.payload === "full" ? "What changed, and who changed it" : "The changed things"}
        {hook.batchSize > 1 && `, up to ${hook.batchSize} in one request`}
      </dd>
      <dt>Made</dt>
      <dd>
        <Moment at={hook.creationDate} />
      </dd>
    </dl>
  );
}

function Deliveries({ hook }: { hook: WebhookOut }) {
  const log = useJournal("delivery");
  const query = api.useQuery(
    "get",
    "/v2/webhooks/{webhook}/deliveries",
    { params: { path: { webhook: hook.key }, query: log.query } },
    // Deliveries under way are loaded again until they have arrived.
    {
      refetchInterval: ({ state: { data } }) => (data?.results.some((each) => each.state === "WAITING") ? 2000 : 15000),
    },
  );
  return (
    <Journal
      title="Deliveries"
      log={log}
      query={query}
      states={["Waiting", "Delivered", "Dead"]}
      icon={IconSend}
      empty="Nothing was sent yet"
      heads={["Happened", "State", "Attempts", "Answer", "Id"]}
      cells={(delivery) => [
        <>
          <Moment at={delivery.creationTimestamp} />
          {delivery.test && <span className="quiet"> · test</span>}
        </>,
        <State key="state" delivery={delivery} />,
        <span key="attempts" className="numbers">
          {delivery.attemptCount}
        </span>,
        delivery.lastError ?? delivery.lastStatus ?? (
          <span key="answer" className="quiet">
            none yet
          </span>
        ),
        <code key="id">{delivery.key}</code>,
      ]}
      draw={(key, close) => <Delivery delivery={key} onClose={close} />}
    >
      As soon as it happens, it is here with its request and the answer it got. “Send a test” does not wait for it.
    </Journal>
  );
}

function refresh() {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => /webhooks|deliveries/.test(String(queryKey[1])) });
}
