import { Button, Group, Modal, MultiSelect, NumberInput, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt, Problem } from "../api/problem";
import { queries } from "../api/queries";
import type { PipelineOut, WebhookOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { ShownOnce } from "../components/ShownOnce";
import { choices, type EventName } from "./events";

const MEMBERS = [
  { value: "name", label: "Name" },
  { value: "notes", label: "Notes" },
  { value: "assignedToSharingEntries", label: "Assigned to" },
  { value: "followerKeys", label: "Followers" },
  { value: "linkedBoxKeys", label: "Linked boxes" },
  { value: "contacts", label: "Contacts" },
  { value: "organizations", label: "Organizations" },
];

type Order = "NONE" | "SUBSCRIPTION" | "BOX";

const ORDERS: { value: Order; label: string }[] = [
  { value: "NONE", label: "As fast as possible, in any order" },
  { value: "BOX", label: "In order for each box" },
  { value: "SUBSCRIPTION", label: "In order, one after the other" },
];

type Props = { pipeline: PipelineOut; hook?: WebhookOut; onClose: () => void };

/** Subscribes to events of a pipeline, or changes a subscription. The signing secret is shown once. */
export function WebhookForm({ pipeline, hook, onClose }: Props) {
  const [name, setName] = useState(hook?.name ?? "");
  const [events, setEvents] = useState((hook?.events ?? ["BOX_CREATE"]) as EventName[]);
  const [targetUrl, setTargetUrl] = useState(hook?.targetUrl ?? "");
  const [token, setToken] = useState("");
  const [stages, setStages] = useState(hook?.stages ?? []);
  const [fields, setFields] = useState(hook?.fields ?? []);
  const [condition, setCondition] = useState(hook?.condition ?? "");
  const [order, setOrder] = useState<Order>(hook?.ordered ? (hook.orderBy as Order) : "NONE");
  const [full, setFull] = useState(hook?.payload === "full");
  const [batchSize, setBatchSize] = useState(hook?.batchSize ?? 1);
  const [created, setCreated] = useState<WebhookOut | null>(null);
  const form = useForm(async () => {
    const settings = {
      name: name.trim(),
      events,
      targetUrl: targetUrl.trim(),
      stages,
      fields: events.includes("BOX_EDIT") ? fields : [],
      condition: condition.trim() || null,
      ordered: order !== "NONE",
      orderBy: order === "BOX" ? ("BOX" as const) : ("SUBSCRIPTION" as const),
      payload: full ? ("full" as const) : ("list" as const),
      batchSize: order === "BOX" ? 1 : batchSize,
    };
    const body = token ? { ...settings, token } : settings;
    if (hook) {
      await client.POST("/v2/webhooks/{webhook}", { params: { path: { webhook: hook.key } }, body });
      onClose();
    } else {
      const { data } = await client.POST("/v2/pipelines/{pipeline}/webhooks", {
        params: { path: { pipeline: pipeline.key } },
        body,
      });
      setCreated(data as WebhookOut);
    }
    await queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("webhooks") });
  });
  if (created) {
    return (
      <Modal opened onClose={onClose} size="lg" title="Subscribed" closeOnClickOutside={false}>
        <Stack>
          <ShownOnce label="Signing secret" value={created.secret ?? ""}>
            Every delivery is signed with it, as Standard Webhooks has it: check the header webhook-signature.
          </ShownOnce>
          <Group justify="flex-end">
            <Button onClick={onClose}>I have it</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  const at = (field: string) => errorAt(form.error, field);
  const placed = ["name", "targetUrl", "stages", "fields", "condition", "token", "event", "batchSize"].some((field) =>
    at(field),
  );
  return (
    <Modal opened onClose={onClose} size="lg" title={hook ? "Change the subscription" : "New webhook"}>
      <form onSubmit={form.submit}>
        <Stack>
          <MultiSelect
            label="When"
            data={choices("pipeline")}
            value={events}
            searchable
            error={events.length === 0 ? "Choose at least one event" : at("event")}
            onChange={(values) => setEvents(values as EventName[])}
          />
          <TextInput
            label="Send it to"
            type="url"
            placeholder="https://example.com/hooks/boxwood"
            required
            data-autofocus
            value={targetUrl}
            error={at("targetUrl")}
            onChange={(change) => setTargetUrl(change.currentTarget.value)}
          />
          <MultiSelect
            label="Only boxes in these stages"
            placeholder={stages.length === 0 ? "All stages" : undefined}
            data={pipeline.stageOrder.map((key) => ({ value: key, label: pipeline.stages[key]?.name ?? key }))}
            value={stages}
            error={at("stages")}
            clearable
            onChange={setStages}
          />
          {events.includes("BOX_EDIT") && (
            <MultiSelect
              label="Only when one of these changed"
              placeholder={fields.length === 0 ? "Whatever changed" : undefined}
              data={[...MEMBERS, ...pipeline.fields.map((each) => ({ value: each.key, label: each.name }))]}
              value={fields}
              error={at("fields")}
              clearable
              searchable
              onChange={setFields}
            />
          )}
          <TextInput
            label="Only where this holds"
            description="In CEL, over event, item (as it is sent) and before"
            placeholder={'item.name.startsWith("Big")'}
            spellCheck={false}
            value={condition}
            error={at("condition")}
            onChange={(change) => setCondition(change.currentTarget.value)}
          />
          <TextInput
            label="Token"
            description={`Sent along as X-Streak-Webhook-Token${hook ? "; empty leaves it as it is" : ""}`}
            autoComplete="off"
            value={token}
            error={at("token")}
            onChange={(change) => setToken(change.currentTarget.value)}
          />
          <TextInput
            label="Name"
            description="Shown in lists in place of the events"
            value={name}
            error={at("name")}
            onChange={(change) => setName(change.currentTarget.value)}
          />
          <Switch
            label="Say what changed, and who changed it"
            description="Each event is an envelope with the previous values, the time and the user."
            checked={full}
            onChange={(change) => setFull(change.currentTarget.checked)}
          />
          <Select
            label="Order"
            data={ORDERS}
            value={order}
            allowDeselect={false}
            onChange={(value) => value && setOrder(value as Order)}
          />
          {order !== "BOX" && (
            <NumberInput
              label="Events in one request"
              description="Above 1, events wait up to a second for others."
              min={1}
              max={100}
              allowDecimal={false}
              value={batchSize}
              error={at("batchSize")}
              onChange={(value) => setBatchSize(Number(value) || 1)}
            />
          )}
          <Refusal error={form.error instanceof Problem && placed ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy} disabled={events.length === 0}>
              {hook ? "Save" : "Subscribe"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
