import { Button, Drawer, Group, Stack, Text, Title } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { RunOut, StepLogOut } from "../api/schema";
import { useAnyPipeline } from "../app/pipeline";
import { Moment } from "../components/Moment";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { Body } from "../integrations/Body";
import classes from "../integrations/integrations.module.css";
import { Journal, useJournal } from "../integrations/Journal";
import { titled, Verdict } from "../integrations/Verdict";
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
function State({ state }: { state: string }) {
  return <Verdict color={COLORS[state]}>{titled(state)}</Verdict>;
}

/** All runs of the automation, newest first. */
export function Runs({ automation }: { automation: string }) {
  const log = useJournal("run");
  const query = api.useQuery(
    "get",
    "/v2/automations/{automation}/runs",
    { params: { path: { automation }, query: log.query } },
    { refetchInterval: 4000 },
  );
  return (
    <Journal
      title="Runs"
      log={log}
      query={query}
      states={["Running", "Done", "Failed", "Skipped"]}
      icon={IconHistory}
      empty="It has not run yet"
      heads={["Began", "State", "Why"]}
      cells={(run) => [
        <Moment key="at" at={run.creationTimestamp} />,
        <>
          <State state={run.state} />
          {run.waitingUntil && (
            <span className="quiet">
              {" "}
              waits until <Moment at={run.waitingUntil} />
            </span>
          )}
        </>,
        run.reason,
      ]}
      draw={(key, close) => <Run automation={automation} run={key} onClose={close} />}
    >
      Each run is listed here with what began it, what each step saw and did, and how long it took.
    </Journal>
  );
}

type RunProps = { automation: string; run: string; onClose: () => void };

function Run({ automation, run, onClose }: RunProps) {
  const params = { path: { automation, run } };
  const query = api.useQuery(
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
      <Ready query={query}>
        {(loaded) => (
          <Stack>
            <Group justify="space-between">
              <State state={loaded.state} />
              <Group gap="xs">
                {loaded.state === "FAILED" && (
                  <Button variant="default" loading={act.isPending} onClick={() => act.mutate("retry")}>
                    Retry from the failed step
                  </Button>
                )}
                {loaded.state === "RUNNING" ? (
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
            <Log run={loaded} />
          </Stack>
        )}
      </Ready>
    </Drawer>
  );
}

/** What a run or a test run did, step by step. */
export function Log({ run }: { run: RunOut }) {
  const pipeline = useAnyPipeline();
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
              <Link to={pipeline ? `/pipelines/${pipeline.key}?box=${run.boxKey}` : `/boxes/${run.boxKey}`}>
                Open the box
              </Link>
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
