import { Button, Drawer, Group, Stack, Table, Title } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { DeliveryOut } from "../api/schema";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { Body, Headers } from "./Body";
import { inWords } from "./events";
import classes from "./integrations.module.css";
import { titled, Verdict } from "./Verdict";

const COLORS: Record<string, string> = { WAITING: "orange", DELIVERED: "green", DEAD: "red", CANCELLED: "gray" };

export function State({ delivery }: { delivery: DeliveryOut }) {
  return <Verdict color={COLORS[delivery.state]}>{titled(delivery.state)}</Verdict>;
}

/** A delivery, beside the list: the request that was sent, and the response to each attempt. */
export function Delivery({ delivery, onClose }: { delivery: string; onClose: () => void }) {
  const params = { path: { delivery } };
  const query = api.useQuery(
    "get",
    "/v2/deliveries/{delivery}",
    { params },
    { refetchInterval: ({ state: { data } }) => (data?.state === "WAITING" ? 2000 : false) },
  );
  const resend = useMutation({
    mutationFn: () => client.POST("/v2/deliveries/{delivery}/resend", { params }),
    onSuccess: () => {
      say("It is on its way again");
      return queries.invalidateQueries({ predicate: ({ queryKey }) => /deliveries/.test(String(queryKey[1])) });
    },
  });
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={<Title order={2}>Delivery</Title>}>
      <Ready query={query}>
        {(loaded) => (
          <Stack>
            <Group justify="space-between">
              <State delivery={loaded} />
              <Button
                variant="default"
                leftSection={<IconRefresh size={15} />}
                loading={resend.isPending}
                onClick={() => resend.mutate()}
              >
                Send again
              </Button>
            </Group>
            <dl className={classes.facts}>
              <dt>Event</dt>
              <dd>{inWords(loaded.event)}</dd>
              <dt>Id</dt>
              <dd>
                <code>{loaded.key}</code>
              </dd>
              <dt>Happened</dt>
              <dd>
                <Moment at={loaded.creationTimestamp} />
              </dd>
              {loaded.nextAttemptTimestamp && (
                <>
                  <dt>Next attempt</dt>
                  <dd>
                    <Moment at={loaded.nextAttemptTimestamp} />
                  </dd>
                </>
              )}
            </dl>
            <Attempts delivery={loaded} />
            {loaded.request && (
              <section aria-label="Request">
                <Title order={3} mb={6}>
                  Request
                </Title>
                <Stack gap={6}>
                  <Headers
                    headers={{ [loaded.request.method]: loaded.request.url, ...loaded.request.headers }}
                    label="Request headers"
                  />
                  <Body text={loaded.request.body} label="Request body" />
                </Stack>
              </section>
            )}
          </Stack>
        )}
      </Ready>
    </Drawer>
  );
}

function Attempts({ delivery }: { delivery: DeliveryOut }) {
  const attempts = delivery.attempts ?? [];
  const last = attempts.at(-1);
  if (!last) return null;
  return (
    <section aria-label="Attempts">
      <Title order={3} mb={6}>
        Attempts
      </Title>
      <Stack gap={6}>
        <Rows heads={["Attempt", "When", "Answer", "Took"]}>
          {attempts.map((each) => (
            <Table.Tr key={each.number}>
              <Table.Td className="numbers">{each.number}</Table.Td>
              <Table.Td>
                <Moment at={each.timestamp} />
              </Table.Td>
              <Table.Td className={classes.wide}>{each.error ?? each.status}</Table.Td>
              <Table.Td className="numbers">{each.duration} ms</Table.Td>
            </Table.Tr>
          ))}
        </Rows>
        {last.status !== undefined && (
          <>
            <Headers headers={{ Status: String(last.status), ...last.headers }} label="Answer headers" />
            <Body text={last.body ?? ""} label="Answer body" />
          </>
        )}
      </Stack>
    </section>
  );
}
