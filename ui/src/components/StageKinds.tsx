import { Menu } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { StageOut } from "../api/schema";
import { offerUndo } from "../api/undo";

const KINDS = [
  { kind: "OPEN", label: "Open: work goes on" },
  { kind: "WON", label: "Won" },
  { kind: "LOST", label: "Lost" },
] as const;

/** Menu items that say whether the boxes of a stage are open, won or lost. */
export function StageKinds({ stage }: { stage: StageOut }) {
  const edit = useMutation({
    mutationFn: (kind: (typeof KINDS)[number]["kind"]) =>
      client.POST("/v2/pipelines/{pipeline}/stages/{stage}", {
        params: { path: { pipeline: stage.pipelineKey, stage: stage.key } },
        body: { kind },
      }),
    onSuccess: ({ response }, kind) => {
      offerUndo(`Boxes in ${stage.name} count as ${kind.toLowerCase()}`, response);
      return queries.invalidateQueries({
        predicate: ({ queryKey }) => queryKey[0] === "get" && String(queryKey[1]).startsWith("/v2/pipelines"),
      });
    },
  });
  return (
    <>
      <Menu.Label>Boxes here are</Menu.Label>
      {KINDS.map(({ kind, label }) => (
        <Menu.Item
          key={kind}
          leftSection={<IconCheck size={15} style={{ visibility: stage.kind === kind ? "visible" : "hidden" }} />}
          aria-current={stage.kind === kind || undefined}
          onClick={() => edit.mutate(kind)}
        >
          {label}
        </Menu.Item>
      ))}
    </>
  );
}
