import { Button, Group, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowDownLeft, IconArrowUpRight, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";
import { api } from "../api/client";
import type { InboundOut, WebhookOut } from "../api/schema";
import { usePipeline } from "../app/pipeline";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import { titleOf } from "../integrations/events";
import { healthOf } from "../integrations/health";
import { InboundForm } from "../integrations/InboundForm";
import classes from "../integrations/integrations.module.css";
import { WebhookForm } from "../integrations/WebhookForm";

/** Screen with the webhook subscriptions and inbound webhooks of a pipeline. */
export default function PipelineIntegrations() {
  return (
    <div className={classes.page}>
      <Webhooks />
      <Inbound />
    </div>
  );
}

function Webhooks() {
  const pipeline = usePipeline();
  const path = { pipeline: pipeline.key };
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/webhooks", { params: { path } });
  const [creating, dialog] = useDisclosure(false);
  useCommands([{ id: "new-webhook", label: "New webhook", section: "Integrations", keys: "n w", run: dialog.open }]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={dialog.open}>
      New webhook
    </Button>
  );
  return (
    <section aria-label="Webhooks">
      <header className={classes.head}>
        <div>
          <Title order={2}>Webhooks</Title>
          <Text component="p" className="quiet">
            What happens here is sent to an address of yours within a second, signed, and tried for three days.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/webhooks` }} />
          {button}
        </Group>
      </header>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconArrowUpRight} title="No webhooks yet" action={button}>
              Subscribe an address to an event, such as “a box changes stage”. It then receives a request for each
              event.
            </Empty>
          ) : (
            <Rows heads={["When", "Sent to", "Health", "Made"]}>
              {results.map((each) => (
                <Webhook key={each.key} hook={each} pipeline={pipeline.key} />
              ))}
            </Rows>
          )
        }
      </Ready>
      {creating && <WebhookForm pipeline={pipeline} onClose={dialog.close} />}
    </section>
  );
}

function Webhook({ hook, pipeline }: { hook: WebhookOut; pipeline: string }) {
  const health = healthOf(hook);
  return (
    <Table.Tr>
      <Table.Td>
        <Link className={classes.open} to={`/pipelines/${pipeline}/webhooks/${hook.key}`}>
          {titleOf(hook)}
        </Link>
      </Table.Td>
      <Table.Td className={classes.wide} title={hook.targetUrl}>
        {hook.targetUrl}
      </Table.Td>
      <Table.Td>
        <i className={classes.light} data-health={health.light} />
        {health.words}
      </Table.Td>
      <Table.Td>
        <Moment at={hook.creationDate} />
      </Table.Td>
    </Table.Tr>
  );
}

function Inbound() {
  const pipeline = usePipeline();
  const path = { pipeline: pipeline.key };
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/inbound", { params: { path } });
  const [creating, dialog] = useDisclosure(false);
  useCommands([
    { id: "new-inbound", label: "New inbound webhook", section: "Integrations", keys: "n i", run: dialog.open },
  ]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={dialog.open}>
      New inbound webhook
    </Button>
  );
  return (
    <section aria-label="Inbound webhooks">
      <header className={classes.head}>
        <div>
          <Title order={2}>Inbound webhooks</Title>
          <Text component="p" className="quiet">
            Addresses that other programs call to start automations of this pipeline.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/inbound` }} />
          {button}
        </Group>
      </header>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconArrowDownLeft} title="No inbound webhooks yet" action={button}>
              A form on your website or a payment service calls the address; an automation makes a box of it.
            </Empty>
          ) : (
            <Rows heads={["Name", "Method", "Signature", "State", "Made"]}>
              {results.map((each) => (
                <InboundRow key={each.key} inbound={each} pipeline={pipeline.key} />
              ))}
            </Rows>
          )
        }
      </Ready>
      {creating && <InboundForm pipeline={pipeline.key} onClose={dialog.close} />}
    </section>
  );
}

function InboundRow({ inbound, pipeline }: { inbound: InboundOut; pipeline: string }) {
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <Link className={classes.open} to={`/pipelines/${pipeline}/inbound/${inbound.key}`}>
          {inbound.name || "Nameless"}
        </Link>
      </Table.Td>
      <Table.Td>{inbound.method}</Table.Td>
      <Table.Td>
        {inbound.signature === "NONE" ? <span className="quiet">none</span> : inbound.signature.toLowerCase()}
      </Table.Td>
      <Table.Td>
        <i className={classes.light} data-health={inbound.active ? "good" : "paused"} />
        {inbound.active ? "Listening" : "Switched off"}
      </Table.Td>
      <Table.Td>
        <Moment at={inbound.creationDate} />
      </Table.Td>
    </Table.Tr>
  );
}
