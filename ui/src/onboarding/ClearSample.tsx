import { Button } from "@mantine/core";
import { IconEraser } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { PipelineOut } from "../api/schema";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { isSample } from "./useSteps";

/** Deletes the sample pipeline. Shown when the user has a pipeline of their own. */
export function ClearSample({ pipelines }: { pipelines: PipelineOut[] }) {
  const me = useMe();
  const sample = pipelines.find((each) => isSample(each) && each.owner?.userKey === me.key);
  const clear = useMutation({
    mutationFn: (key: string) => client.DELETE("/v1/pipelines/{pipeline}", { params: { path: { pipeline: key } } }),
    onSuccess: async ({ response }) => {
      offerUndo("Sample data cleared", response);
      await queries.invalidateQueries({ queryKey: ["get", "/v2/pipelines"] });
    },
  });
  if (!sample) return null;
  return (
    <Button
      variant="default"
      leftSection={<IconEraser size={15} />}
      loading={clear.isPending}
      onClick={() => clear.mutate(sample.key)}
    >
      Clear sample data
    </Button>
  );
}
