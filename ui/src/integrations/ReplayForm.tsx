import { Button, Group, Modal, SegmentedControl, Stack, Text } from "@mantine/core";
import { DateTimePicker } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { useState } from "react";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { ReplayOut, WebhookOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { say } from "../components/toasts";

const WHICH = [
  { value: "failed", label: "What failed" },
  { value: "all", label: "Everything" },
];

/** Replays the events of a period. Shows how many deliveries there are before it starts. */
export function ReplayForm({ hook, onClose }: { hook: WebhookOut; onClose: () => void }) {
  const day = Date.now() - 86_400_000;
  const [since, setSince] = useState<string | null>(new Date(hook.missedFrom ?? day).toISOString());
  const [until, setUntil] = useState<string | null>(hook.missedTo ? new Date(hook.missedTo).toISOString() : null);
  const [which, setWhich] = useState("failed");
  const [count, setCount] = useState<number | null>(null);
  const ask = async (dryRun: boolean) => {
    const body = {
      since: since === null ? undefined : new Date(since).getTime(),
      until: until === null ? undefined : new Date(until).getTime(),
      which,
      dryRun,
    };
    const { data } = await client.POST("/v2/webhooks/{webhook}/replay", {
      params: { path: { webhook: hook.key } },
      body,
    });
    return (data as ReplayOut).count;
  };
  const form = useForm(async () => {
    if (count === null) {
      setCount(await ask(true));
    } else {
      say(`${await ask(false)} are sent again, after everything else`);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => /deliveries/.test(String(queryKey[1])) });
      onClose();
    }
  });
  const resetting =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      setCount(null);
      set(value);
    };
  return (
    <Modal opened onClose={onClose} title="Replay">
      <form onSubmit={form.submit}>
        <Stack>
          <DateTimePicker label="From" value={since} onChange={resetting(setSince)} required />
          <DateTimePicker label="Until" placeholder="Now" clearable value={until} onChange={resetting(setUntil)} />
          <SegmentedControl data={WHICH} value={which} aria-label="Which" onChange={resetting(setWhich)} />
          <Text size="sm" className="quiet">
            Each keeps the id it had, so that a receiver knows what it has seen.
          </Text>
          <Refusal error={form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy} disabled={count === 0}>
              {count === null ? "Count them" : count === 1 ? "Send 1 again" : `Send ${count} again`}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
