import { Alert, Button, Group, Modal, Select, Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { RunOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { say } from "../components/toasts";
import { Log } from "./Runs";
import type { unsavedBody } from "./rule";
import { useScope } from "./scope";

type Props = {
  automation: string;
  /** The unsaved draft, or null if everything is saved. */
  draft: ReturnType<typeof unsavedBody>;
  onClose: () => void;
};

/** Runs the automation on a box: as a test, where every change is taken back, or for real. */
export function Trial({ automation, draft, onClose }: Props) {
  const { pipeline, teamKey } = useScope();
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 150);
  const [box, setBox] = useState<string | null>(null);
  const [tried, setTried] = useState<RunOut | null>(null);
  const newest = api.useQuery(
    "get",
    "/v2/pipelines/{pipeline}/boxes",
    { params: { path: { pipeline: pipeline?.key ?? "" }, query: { limit: 20, sortBy: "lastUpdatedTimestamp" } } },
    { enabled: pipeline !== null },
  );
  const found = api.useQuery(
    "get",
    "/v1/search",
    {
      params: {
        query: { query: settled, ...(pipeline ? { pipelineKey: pipeline.key } : { teamKey }), limit: 20 } as never,
      },
    },
    { enabled: settled !== "" },
  );
  const boxes = settled
    ? (found.data?.results.boxes ?? []).map((each) => ({ value: each.boxKey, label: each.name }))
    : (newest.data?.results ?? []).map((each) => ({ value: each.key, label: each.name }));
  const params = { path: { automation } };
  const form = useForm(async () => {
    const { data } = await client.POST("/v2/automations/{automation}/test", {
      params,
      body: { ...draft, ...(box ? { boxKey: box } : {}) },
    });
    setTried(data as RunOut);
  });
  const run = async () => {
    await client.POST("/v2/automations/{automation}/runs", { params, body: box ? { boxKey: box } : {} });
    say("It runs");
    await queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/runs") });
    onClose();
  };
  const start = useForm(run);
  return (
    <Modal opened onClose={onClose} size="lg" title="Try it">
      <form onSubmit={form.submit}>
        <Stack>
          <Select
            label={pipeline ? "On which box" : "On which box, if on any"}
            placeholder="Type a name"
            searchable
            clearable
            data={boxes}
            filter={({ options }) => options}
            searchValue={words}
            onSearchChange={setWords}
            value={box}
            onChange={setBox}
          />
          <Alert color="gray" p="xs">
            A trial does everything and undoes it again; nothing is sent, and waits are not waited.
            {draft && " It tries what is written now, which is not saved yet."}
          </Alert>
          <Refusal error={form.error ?? start.error} />
          <Group justify="flex-end">
            <Button
              variant="default"
              disabled={draft !== null}
              loading={start.busy}
              onClick={(event) => start.submit(event)}
            >
              Run it for real
            </Button>
            <Button type="submit" loading={form.busy}>
              Try it
            </Button>
          </Group>
          {tried && <Log run={tried} />}
        </Stack>
      </form>
    </Modal>
  );
}
