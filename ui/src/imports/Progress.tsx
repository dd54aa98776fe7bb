import { Progress as Bar, Button, Group, Stack, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { ImportOut } from "../api/schema";
import { Ready } from "../components/states";
import { Refused } from "./Plan";
import { isUnderWay } from "./table";
import { Undo } from "./Undo";

/** Progress of an import. When it has finished, shows its rejected rows and offers to undo it. */
export function Progress({ imported, pipeline }: { imported: string; pipeline: string }) {
  const query = api.useQuery(
    "get",
    "/v2/imports/{import}",
    { params: { path: { import: imported } } },
    { refetchInterval: ({ state: { data } }) => (data && !isUnderWay(data) ? false : 500) },
  );
  return <Ready query={query}>{(job) => <State job={job} pipeline={pipeline} />}</Ready>;
}

function State({ job, pipeline }: { job: ImportOut; pipeline: string }) {
  const running = isUnderWay(job);
  const params = { path: { import: job.key } };
  const cancel = useMutation({
    mutationFn: () => client.POST("/v2/imports/{import}/cancel", { params }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["get", "/v2/imports/{import}"] }),
  });
  const refused = api.useQuery(
    "get",
    "/v2/imports/{import}/refused",
    { params: { ...params, query: { limit: 100 } as never } },
    { enabled: !running && job.refused > 0 },
  );
  useEffect(() => {
    if (running) return;
    void queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("boxes") });
  }, [running]);
  const words: Record<string, string> = {
    waiting: "It begins in a moment",
    running: "Importing",
    done: "Imported",
    cancelled: "Cancelled",
    failed: `Failed: ${job.error ?? ""}`,
  };
  return (
    <Stack>
      <Title order={2}>{words[job.state] ?? job.state}</Title>
      <Bar value={job.progress * 100} animated={running} aria-label="How far it is" />
      <Text className="numbers" role="status">
        {job.rows} rows: {job.created} boxes made, {job.updated} changed, {job.refused} refused
      </Text>
      <Group>
        {running ? (
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
            Cancel
          </Button>
        ) : (
          <Button component={Link} to={`/pipelines/${pipeline}`}>
            See the boxes
          </Button>
        )}
      </Group>
      {!running && job.created + job.updated > 0 && <Undo change={job.change} />}
      <Refused rows={refused.data?.results ?? []} />
    </Stack>
  );
}
