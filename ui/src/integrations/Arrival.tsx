import { Button, Drawer, Group, Stack, Text, Title } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import { Moment } from "../components/Moment";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { Body, Headers } from "./Body";
import classes from "./integrations.module.css";

export const VERDICTS: Record<string, { label: string; color: string }> = {
  ACCEPTED: { label: "Taken", color: "green" },
  REPEATED: { label: "Came before", color: "gray" },
  LEFT_OUT: { label: "Left out", color: "gray" },
  HANDSHAKE: { label: "Address check", color: "blue" },
  REFUSED: { label: "Refused", color: "red" },
};

/** A received request, beside the list. The user can run its effects again. */
export function Arrival({ inbound, request, onClose }: { inbound: string; request: string; onClose: () => void }) {
  const params = { path: { inbound, request } };
  const query = api.useQuery("get", "/v2/inbound/{inbound}/requests/{request}", { params });
  const again = useMutation({
    mutationFn: () => client.POST("/v2/inbound/{inbound}/requests/{request}/run", { params }),
    onSuccess: () => {
      say("Started once more");
      return queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("requests") });
    },
  });
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={<Title order={2}>Request</Title>}>
      <Ready query={query}>
        {(loaded) => (
          <Stack>
            <Group justify="space-between">
              <Text>
                {VERDICTS[loaded.verdict]?.label ?? loaded.verdict}
                {loaded.reason && <span className="quiet"> {loaded.reason}</span>}
              </Text>
              {["ACCEPTED", "REPEATED", "LEFT_OUT"].includes(loaded.verdict) && (
                <Button
                  variant="default"
                  leftSection={<IconPlayerPlay size={15} />}
                  loading={again.isPending}
                  onClick={() => again.mutate()}
                >
                  Run again
                </Button>
              )}
            </Group>
            <dl className={classes.facts}>
              <dt>Arrived</dt>
              <dd>
                <Moment at={loaded.timestamp} /> from {loaded.source}
              </dd>
              <dt>Id</dt>
              <dd>
                <code>{loaded.key}</code>
              </dd>
              <dt>Started</dt>
              <dd>{loaded.runKeys.length === 0 ? "no automation" : `${loaded.runKeys.length} automation runs`}</dd>
            </dl>
            {loaded.headers && <Headers headers={loaded.headers} label="Headers" />}
            {loaded.query && Object.keys(loaded.query).length > 0 && (
              <Body text={JSON.stringify(loaded.query)} label="Query" />
            )}
            <Body text={loaded.body ?? ""} label="Body" />
            {loaded.truncated && (
              <Text size="sm" className="quiet">
                The first 64 KiB.
              </Text>
            )}
          </Stack>
        )}
      </Ready>
    </Drawer>
  );
}
