import { Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import type { SequenceStartOut } from "../api/schema";
import { say } from "../components/toasts";
import { refreshSequences, stepsInWords } from "./steps";

type StartSequenceProps = { pipeline: string; boxes: string[]; onClose: () => void };

/** Starts a sequence on boxes. Says for which boxes it was not started, and why. */
export default function StartSequence({ pipeline, boxes, onClose }: StartSequenceProps) {
  const query = api.useQuery("get", "/v2/sequences", { params: { query: { pipelineKey: pipeline } } });
  const [key, setKey] = useState<string | null>(null);
  const [others, setOthers] = useState<SequenceStartOut["notStarted"]>([]);
  const sequences = query.data?.results ?? [];
  const chosen = sequences.find((each) => each.key === key);
  const start = useMutation({
    mutationFn: async () => {
      const params = { path: { sequence: key ?? "" } };
      return (await client.POST("/v2/sequences/{sequence}/start", { params, body: { boxKeys: boxes } }))
        .data as SequenceStartOut;
    },
    onSuccess: async ({ started, notStarted }) => {
      if (started.length > 0) say(started.length === 1 ? "Sequence started" : `Started on ${started.length} boxes`);
      if (notStarted.length > 0) setOthers(notStarted);
      else onClose();
      await refreshSequences();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={boxes.length === 1 ? "Start a sequence" : `Start a sequence on ${boxes.length} boxes`}
    >
      {others.length > 0 ? (
        <Stack>
          <Text size="sm">It was not started on {others.length === 1 ? "1 box" : `${others.length} boxes`}:</Text>
          <ul>
            {[...new Set(others.map(({ note }) => note))].map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
          <Group justify="flex-end">
            <Button onClick={onClose}>Close</Button>
          </Group>
        </Stack>
      ) : (
        <Stack>
          {query.data && sequences.length === 0 ? (
            <Text size="sm">
              This pipeline has no sequences yet. <Link to="/mail/sequences">Write one</Link>.
            </Text>
          ) : (
            <Select
              label="Sequence"
              placeholder="Choose a sequence"
              allowDeselect={false}
              data-autofocus
              data={sequences.map((each) => ({ value: each.key, label: each.name }))}
              value={key}
              description={chosen ? stepsInWords(chosen.steps) : "It ends when the recipient replies."}
              onChange={setKey}
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button disabled={!key} loading={start.isPending} onClick={() => start.mutate()}>
              Start
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
