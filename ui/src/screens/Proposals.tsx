import { Badge, Button, Card, Group, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { IconChecklist } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { ProposalOut, ProposedOperation } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { sizeInWords } from "../box/sizes";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Empty, Ready } from "../components/states";
import { say } from "../components/toasts";
import classes from "./Trash.module.css";

/** Screen with the proposals of the user's API keys, which the user approves or rejects. */
export default function Proposals() {
  const query = api.useQuery(
    "get",
    "/v2/proposals",
    { params: { query: { limit: 100 } } },
    { refetchOnMount: "always" },
  );
  return (
    <div className={classes.screen}>
      <Group justify="space-between">
        <Title order={1}>Proposals</Title>
        <CopyAsCode call={{ method: "GET", path: "/v2/proposals" }} />
      </Group>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconChecklist} title="No proposals">
              Changes by API keys that may only propose wait here for your approval.
            </Empty>
          ) : (
            <Stack>
              {results.map((proposal) => (
                <Proposal key={proposal.key} proposal={proposal} />
              ))}
            </Stack>
          )
        }
      </Ready>
    </div>
  );
}

type Decision = { verb: "approve" | "reject"; operations?: number[]; force?: boolean };

function Proposal({ proposal }: { proposal: ProposalOut }) {
  const [note, setNote] = useState("");
  const decide = useMutation({
    mutationFn: async ({ verb, ...body }: Decision) => {
      const params = { path: { proposal: proposal.key } };
      if (verb === "reject") {
        return (await client.POST("/v2/proposals/{proposal}/reject", { params, body: { ...body, note } })).response;
      }
      return (await client.POST("/v2/proposals/{proposal}/approve", { params, body: { ...body, note } })).response;
    },
    meta: { quiet: true },
    onSuccess: async (response, { verb }) => {
      if (verb === "approve") offerUndo("The proposal is approved", response);
      else say("The proposal is rejected");
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] === "get" });
    },
  });
  const waits = proposal.state === "WAITING";
  const many = proposal.operations.filter(({ state }) => state === "WAITING").length > 1;
  return (
    <Card withBorder component="section" aria-label={`Proposal of ${proposal.apiKeyName}`}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Text fw={600}>
            {proposal.apiKeyName} · <Moment at={proposal.creationTimestamp} />
          </Text>
          <State state={proposal.state} />
        </Group>
        {proposal.operations.map((operation) => (
          <Operation
            key={operation.number}
            proposal={proposal}
            operation={operation}
            alone={proposal.operations.length === 1}
            onDecide={many ? (verb) => decide.mutate({ verb, operations: [operation.number] }) : undefined}
          />
        ))}
        {proposal.note && <Text size="sm">Note: {proposal.note}</Text>}
        <Refusal error={decide.error} />
        {waits && (
          <Group>
            <TextInput
              aria-label="Note"
              placeholder="Note"
              value={note}
              onChange={({ currentTarget }) => setNote(currentTarget.value)}
            />
            <Button loading={decide.isPending} onClick={() => decide.mutate({ verb: "approve" })}>
              {many ? "Approve all" : "Approve"}
            </Button>
            <Button variant="default" onClick={() => decide.mutate({ verb: "reject" })}>
              {many ? "Reject all" : "Reject"}
            </Button>
            {decide.error && decide.variables?.verb === "approve" && (
              <Button
                variant="default"
                color="red"
                onClick={() => decide.mutate({ ...(decide.variables as Decision), force: true })}
              >
                Approve anyway
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Card>
  );
}

const STATES: Record<string, [label: string, color: string]> = {
  WAITING: ["Waiting", "yellow"],
  APPROVED: ["Approved", "green"],
  REJECTED: ["Rejected", "gray"],
};

function State({ state }: { state: string }) {
  const [label, color] = STATES[state] ?? [state, "gray"];
  return (
    <Badge variant="dot" color={color}>
      {label}
    </Badge>
  );
}

interface Change {
  story?: string;
  name?: string;
  noun?: string;
  before?: Record<string, unknown> | null;
  after?: Record<string, unknown> | null;
}

/** The effects in words, each with the name of its list. */
const EFFECTS: [list: string, one: string, many: string][] = [
  ["automations", "automation starts", "automations start"],
  ["webhooks", "webhook is sent", "webhooks are sent"],
  ["mails", "e-mail is sent", "e-mails are sent"],
  ["notifications", "user is notified", "users are notified"],
  ["rules", "rule is broken", "rules are broken"],
];

type OperationProps = {
  proposal: ProposalOut;
  operation: ProposedOperation;
  /** Whether the proposal has no other operations. */
  alone: boolean;
  onDecide?: (verb: "approve" | "reject") => void;
};

function Operation({ proposal, operation, alone, onDecide }: OperationProps) {
  const [editing, setEditing] = useState(false);
  const effects = EFFECTS.map(([list, one, many]) => {
    const count = (operation.effects[list] as unknown[] | undefined)?.length ?? 0;
    return count > 0 ? `${count} ${count === 1 ? one : many}` : "";
  }).filter(Boolean);
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" align="start">
        <Stack gap={2}>
          {(operation.changes as Change[]).map((change, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change
            <Described key={at} change={change} />
          ))}
          {operation.file && (
            <Text size="sm">
              {operation.file.name}, {sizeInWords(operation.file.size)}
              {imported(operation.result)}
            </Text>
          )}
          {operation.changes.length === 0 && (
            <Text size="sm">
              {operation.method} {operation.path}
            </Text>
          )}
        </Stack>
        <Group gap={4} wrap="nowrap">
          {!alone && <State state={operation.state} />}
          {operation.state === "WAITING" && operation.body !== null && !operation.file && !editing && (
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`Edit operation ${operation.number}`}
              onClick={() => setEditing(true)}
            >
              Edit
            </Button>
          )}
          {onDecide && operation.state === "WAITING" && (
            <>
              <Button
                size="compact-sm"
                aria-label={`Approve operation ${operation.number}`}
                onClick={() => onDecide("approve")}
              >
                Approve
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`Reject operation ${operation.number}`}
                onClick={() => onDecide("reject")}
              >
                Reject
              </Button>
            </>
          )}
        </Group>
      </Group>
      {effects.length > 0 && (
        <Text size="sm" c="dimmed">
          Then: {effects.join(", ")}
        </Text>
      )}
      {editing && <EditOperation proposal={proposal} operation={operation} onClose={() => setEditing(false)} />}
    </Stack>
  );
}

/** The numbers of an import, from its dry run. */
function imported(result: ProposedOperation["result"]): string {
  const counts = (["created", "updated", "refused"] as const).map((name) => [result?.[name], name]);
  const known = counts.filter(([count]) => typeof count === "number" && count > 0);
  return known.length > 0 ? `: ${known.map(([count, name]) => `${count} ${name}`).join(", ")}` : "";
}

type EditOperationProps = { proposal: ProposalOut; operation: ProposedOperation; onClose: () => void };

/** Changes what an operation will do: the server computes its changes and effects again. */
function EditOperation({ proposal, operation, onClose }: EditOperationProps) {
  const [text, setText] = useState(() => JSON.stringify(operation.body, null, 2));
  const form = useForm(async () => {
    const params = { path: { proposal: proposal.key } };
    const operations = [{ number: operation.number, body: read(text) }];
    await client.POST("/v2/proposals/{proposal}", { params, body: { operations } });
    say("Changed. Approve the operation to do it.");
    onClose();
    await queries.invalidateQueries({ queryKey: ["get", "/v2/proposals"] });
  });
  return (
    <form onSubmit={form.submit}>
      <Stack gap="xs">
        <Textarea
          label={`${operation.method} ${operation.path}`}
          autosize
          minRows={3}
          maxRows={16}
          data-autofocus
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Refusal error={form.error} />
        <Group gap="xs">
          <Button type="submit" size="compact-sm" loading={form.busy}>
            Save
          </Button>
          <Button variant="default" size="compact-sm" onClick={onClose}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("This is no JSON: check the quotes, commas and braces.");
  }
}

function Described({ change }: { change: Change }) {
  const { before, after } = change;
  return (
    <Text size="sm">
      {change.story || `${change.noun} ${change.name}`}
      {before &&
        Object.keys(before).map((member) => (
          <span key={member}>
            {" · "}
            {member}: <del>{shown(before[member])}</del> → <ins>{shown(after?.[member])}</ins>
          </span>
        ))}
    </Text>
  );
}

function shown(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
