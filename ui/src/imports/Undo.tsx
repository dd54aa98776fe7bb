import { Alert, Progress as Bar, Button, Group, List, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Problem } from "../api/problem";
import { undo } from "../api/undo";
import { failed, say } from "../components/toasts";

const MOST_NAMED = 100;

/** Undoes an import. If boxes were changed since, it says which, and offers to undo the rest. */
export function Undo({ change }: { change: string }) {
  const [progress, setProgress] = useState(0);
  const [conflict, setConflict] = useState("");
  const takeBack = useMutation({
    mutationFn: (partial: boolean) => undo(change, { partial, onProgress: setProgress }),
    meta: { quiet: true },
    onMutate: () => setConflict(""),
    onSuccess: () => say("The import was undone"),
    onError: (error, partial) => {
      if (!partial && error instanceof Problem && error.status === 400) setConflict(error.message);
      else failed(error);
    },
  });
  const kept = takeBack.data ?? [];
  return (
    <Stack>
      {!takeBack.isSuccess && !conflict && (
        <Group>
          <Button variant="default" loading={takeBack.isPending} onClick={() => takeBack.mutate(false)}>
            Undo the import
          </Button>
        </Group>
      )}
      {takeBack.isPending && progress > 0 && (
        <Bar value={progress * 100} animated aria-label="How much of the import is undone" />
      )}
      {conflict && (
        <Alert color="yellow" title="Some boxes were changed since the import">
          <Stack align="start">
            <Text size="sm">{conflict}</Text>
            <Button variant="default" onClick={() => takeBack.mutate(true)}>
              Keep those and undo the rest
            </Button>
          </Stack>
        </Alert>
      )}
      {kept.length > 0 && (
        <Alert color="yellow" title="Kept, because they were changed since the import">
          <List size="sm" aria-label="Kept">
            {kept.slice(0, MOST_NAMED).map((left) => (
              <List.Item key={left.key}>
                {left.name ? `${left.name}: ` : ""}
                {left.reason}
              </List.Item>
            ))}
          </List>
          {kept.length > MOST_NAMED && <Text size="sm">and {kept.length - MOST_NAMED} more</Text>}
        </Alert>
      )}
    </Stack>
  );
}
