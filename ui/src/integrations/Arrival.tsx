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
  REFUSED: { label: "Refused", color: "red" },
};

/** A request that arrived, beside its list; what it starts can be started once more. */
export function Arrival({ inbound, request, onClose }: { inbound: string; request: string; onClose: () => void }) {
  const params = { path: { inbound, request } };
  const asked = api.useQuery("get", "/v2/inbound/{inbound}/requests/{request}", { params });
  const again = useMutation({
    mutationFn: () => client.POST("/v2/inbound/{inbound}/requests/{request}/run", { params }),
    onSuccess: () => {
      say("Started once more");
      return queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("requests") });
    },
  });
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={<Title order={2}>Request</Title>}>
      <Ready query={asked}>
        {(one) => (
          <Stack>
            <Group justify="space-between">
              <Text>
                {VERDICTS[one.verdict]?.label ?? one.verdict}
                {one.reason && <span className="quiet"> {one.reason}</span>}
              </Text>
              {one.verdict !== "REFUSED" && (
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
                <Moment at={one.timestamp} /> from {one.source}
              </dd>
              <dt>Id</dt>
              <dd>
                <code>{one.key}</code>
              </dd>
              <dt>Started</dt>
              <dd>{one.runKeys.length === 0 ? "no automation" : `${one.runKeys.length} automation runs`}</dd>
            </dl>
            {one.headers && <Headers headers={one.headers} label="Headers" />}
            {one.query && Object.keys(one.query).length > 0 && <Body text={JSON.stringify(one.query)} label="Query" />}
            <Body text={one.body ?? ""} label="Body" />
            {one.truncated && (
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
