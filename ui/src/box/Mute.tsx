import { Button } from "@mantine/core";
import { IconVolume, IconVolumeOff } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";

/** Mutes the box: only mentions, assignments and due tasks still create notifications. */
export function Mute({ box }: { box: string }) {
  const init = { params: { path: { box } } };
  const query = api.useQuery("get", "/v2/boxes/{box}/following", init);
  const mute = useMutation({
    mutationFn: async (muted: boolean) =>
      (await client.POST("/v2/boxes/{box}/following", { ...init, body: { muted } })).data,
    onSuccess: (following) => queries.setQueryData(["get", "/v2/boxes/{box}/following", init], following),
  });
  if (!query.data?.following && !query.data?.muted) return null;
  const { muted } = query.data;
  const Icon = muted ? IconVolume : IconVolumeOff;
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-xs"
      title={muted ? undefined : "You will still be notified of mentions, assignments and due tasks"}
      leftSection={<Icon size={14} />}
      loading={mute.isPending}
      onClick={() => mute.mutate(!muted)}
    >
      {muted ? "Unmute" : "Mute"}
    </Button>
  );
}
