import { Button, Group, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, client } from "../api/client";
import type { SequenceRunOut } from "../api/schema";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import mail from "../mail/mail.module.css";
import own from "./sequences.module.css";
import { endInWords, refreshSequences, runState } from "./steps";

/** The runs of a sequence, the newest first. */
export function Runs({ sequence }: { sequence: string }) {
  const query = api.useInfiniteQuery(
    "get",
    "/v2/sequences/{sequence}/runs",
    { params: { path: { sequence } } },
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  return (
    <>
      <Ready query={query}>
        {(data) => {
          const runs = data.pages.flatMap((page) => page.results);
          if (runs.length === 0) {
            return (
              <Text size="sm" className="quiet">
                No runs yet. Start the sequence on a box, or on boxes that you select in the table.
              </Text>
            );
          }
          return (
            <Rows heads={["Recipient", "State", "Step", "Next", null]} label="Runs">
              {runs.map((each) => (
                <Table.Tr key={each.key}>
                  <Table.Td className={classes.wide}>
                    <Link className={`cut ${classes.open}`} to={`/boxes/${each.boxKey}?tab=email`}>
                      {each.address}
                    </Link>
                  </Table.Td>
                  <Table.Td>
                    <State run={each} />
                  </Table.Td>
                  <Table.Td className="numbers">
                    {each.place} of {each.stepCount}
                  </Table.Td>
                  <Table.Td>
                    {each.dueTimestamp && each.state === "running" ? <Moment at={each.dueTimestamp} /> : "–"}
                  </Table.Td>
                  <Table.Td align="right">
                    <Stop run={each} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          );
        }}
      </Ready>
      {query.hasNextPage && (
        <Group>
          <Button
            variant="default"
            size="compact-sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
    </>
  );
}

function State({ run }: { run: SequenceRunOut }) {
  const state = runState(run);
  const why = endInWords(run);
  return (
    <div>
      <span className={mail.state} data-colour={state.colour}>
        {state.label}
      </span>
      {why && (
        <Text size="xs" className="quiet" style={{ whiteSpace: "normal" }} maw={260}>
          {why}
        </Text>
      )}
    </div>
  );
}

function Stop({ run }: { run: SequenceRunOut }) {
  const stop = useMutation({
    mutationFn: () =>
      client.POST("/v2/sequenceruns/{sequencerun}/stop", { params: { path: { sequencerun: run.key } } }),
    onSettled: refreshSequences,
  });
  if (run.state !== "running") return null;
  return (
    <Button
      variant="default"
      size="compact-xs"
      aria-label={`Stop for ${run.address}`}
      loading={stop.isPending}
      onClick={() => stop.mutate()}
    >
      Stop
    </Button>
  );
}

/** The sequences that run on a box. */
export function BoxRuns({ box }: { box: string }) {
  const query = api.useQuery("get", "/v2/boxes/{box}/sequenceruns", { params: { path: { box } } });
  const running = (query.data?.results ?? []).filter((each) => each.state === "running");
  return running.map((run) => (
    <div key={run.key} className={own.run} role="group" aria-label={`Sequence to ${run.address}`}>
      <span className={mail.state} data-colour="blue">
        Sequence
      </span>
      <span>
        to {run.address}, step {Math.min(run.place + 1, run.stepCount)} of {run.stepCount}
        {run.dueTimestamp && (
          <span className="quiet">
            {" "}
            <Moment at={run.dueTimestamp} />
          </span>
        )}
      </span>
      <Stop run={run} />
    </div>
  ));
}
