import { Badge, Button, Drawer, Group, SegmentedControl, Stack, Table, Text, Title } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { RunOut, StepLogOut } from "../api/schema";
import { Body } from "../integrations/Body";
import classes from "../integrations/integrations.module.css";
import { Moment } from "../parts/Moment";
import { Empty, Ready } from "../parts/states";
import { say } from "../parts/toasts";
import own from "./automations.module.css";

const COLORS: Record<string, string> = {
  DONE: "green",
  RUNNING: "blue",
  FAILED: "red",
  STOPPED: "gray",
  SKIPPED: "gray",
  REFUSED: "orange",
  CANCELLED: "gray",
};
const SHOWN = ["All", "Running", "Done", "Failed", "Skipped"];

function State({ state }: { state: string }) {
  return (
    <Badge variant="light" color={COLORS[state] ?? "gray"} tt="none" fw={550} c="var(--strong)">
      {state.charAt(0) + state.slice(1).toLowerCase()}
    </Badge>
  );
}

/** Everything the automation did, newest first. */
export function Runs({ automation, pipeline }: { automation: string; pipeline: string }) {
  const [search, setSearch] = useSearchParams();
  const state = search.get("state") ?? "All";
  const open = search.get("run");
  const query = { limit: 50, ...(state === "All" ? {} : { state: state.toUpperCase() }) };
  const asked = api.useQuery(
    "get",
    "/v2/automations/{automation}/runs",
    { params: { path: { automation }, query } },
    { refetchInterval: 4000 },
  );
  const put = (name: string, value: string | null) =>
    setSearch((before) => {
      if (value === null) before.delete(name);
      else before.set(name, value);
      return before;
    });
  return (
    <section aria-label="Runs">
      <header className={classes.head}>
        <Title order={3}>Runs</Title>
        <SegmentedControl
          size="xs"
          data={SHOWN}
          value={state}
          aria-label="Which runs"
          onChange={(value) => put("state", value === "All" ? null : value)}
        />
      </header>
      <Ready query={asked}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconHistory} title={state === "All" ? "It has not run yet" : `None is ${state.toLowerCase()}`}>
              Each run is listed here with what began it, what each step saw and did, and how long it took.
            </Empty>
          ) : (
            <div className={classes.rows}>
              <Table verticalSpacing={6} highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Began</Table.Th>
                    <Table.Th>State</Table.Th>
                    <Table.Th>Why</Table.Th>
                    <Table.Th aria-label="Open" />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {results.map((each) => (
                    <Table.Tr key={each.key} className={classes.row} onClick={() => put("run", each.key)}>
                      <Table.Td>
                        <Moment at={each.creationTimestamp} />
                      </Table.Td>
                      <Table.Td>
                        <State state={each.state} />
                        {each.waitingUntil && (
                          <span className="quiet">
                            {" "}
                            waits until <Moment at={each.waitingUntil} />
                          </span>
                        )}
                      </Table.Td>
                      <Table.Td className={classes.wide}>{each.reason}</Table.Td>
                      <Table.Td align="right">
                        <Button variant="subtle" size="compact-xs" onClick={() => put("run", each.key)}>
                          Open
                        </Button>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          )
        }
      </Ready>
      {open && <Run automation={automation} run={open} pipeline={pipeline} onClose={() => put("run", null)} />}
    </section>
  );
}

type RunProps = { automation: string; run: string; pipeline: string; onClose: () => void };

function Run({ automation, run, pipeline, onClose }: RunProps) {
  const params = { path: { automation, run } };
  const asked = api.useQuery(
    "get",
    "/v2/automations/{automation}/runs/{run}",
    { params },
    { refetchInterval: ({ state: { data } }) => (data?.state === "RUNNING" ? 2000 : false) },
  );
  const act = useMutation({
    mutationFn: (verb: "retry" | "again" | "cancel") =>
      client.POST(`/v2/automations/{automation}/runs/{run}/${verb}`, { params }),
    onSuccess: (_answer, verb) => {
      say({ retry: "It goes on from the step that failed", again: "It runs again", cancel: "It was ended" }[verb]);
      return queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/runs") });
    },
  });
  return (
    <Drawer opened onClose={onClose} position="right" size="lg" title={<Title order={2}>Run</Title>}>
      <Ready query={asked}>
        {(one) => (
          <Stack>
            <Group justify="space-between">
              <State state={one.state} />
              <Group gap="xs">
                {one.state === "FAILED" && (
                  <Button variant="default" loading={act.isPending} onClick={() => act.mutate("retry")}>
                    Retry from the failed step
                  </Button>
                )}
                {one.state === "RUNNING" ? (
                  <Button variant="default" loading={act.isPending} onClick={() => act.mutate("cancel")}>
                    End it
                  </Button>
                ) : (
                  <Button variant="default" loading={act.isPending} onClick={() => act.mutate("again")}>
                    Run again
                  </Button>
                )}
              </Group>
            </Group>
            <Log run={one} pipeline={pipeline} />
          </Stack>
        )}
      </Ready>
    </Drawer>
  );
}

/** What a run did, step by step; of a trial too. */
export function Log({ run, pipeline }: { run: RunOut; pipeline: string }) {
  return (
    <>
      <dl className={classes.facts}>
        <dt>Began</dt>
        <dd>
          <Moment at={run.creationTimestamp} /> by {String(run.trigger.type ?? "hand")}
        </dd>
        {run.reason && (
          <>
            <dt>Why</dt>
            <dd>{run.reason}</dd>
          </>
        )}
        {run.boxKey && (
          <>
            <dt>Box</dt>
            <dd>
              <Link to={`/pipelines/${pipeline}?box=${run.boxKey}`}>Open the box</Link>
            </dd>
          </>
        )}
      </dl>
      {(run.steps ?? []).length === 0 ? (
        <Text className="quiet">No step was done.</Text>
      ) : (
        <ol className={own.log} aria-label="Steps">
          {run.steps?.map((each) => (
            <StepLog key={`${each.path} ${each.number} ${each.attempt}`} step={each} />
          ))}
        </ol>
      )}
    </>
  );
}

function StepLog({ step }: { step: StepLogOut }) {
  return (
    <li>
      <Group justify="space-between" mb={4}>
        <Text fw={550}>{step.name || step.type}</Text>
        <Group gap="xs">
          <span className="quiet numbers">{step.duration} ms</span>
          <State state={step.state} />
        </Group>
      </Group>
      {step.error && (
        <Text size="sm" c="red" mb={4}>
          {step.error}
        </Text>
      )}
      <Stack gap={6}>
        <Body text={JSON.stringify(step.input)} label={`What ${step.type} was given`} />
        {Object.keys(step.output).length > 0 && (
          <Body text={JSON.stringify(step.output)} label={`What ${step.type} gave`} />
        )}
      </Stack>
    </li>
  );
}
