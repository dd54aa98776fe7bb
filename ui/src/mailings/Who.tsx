import { Button, Group, Select, Stack, Switch, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import type { MailingOut } from "../api/schema";
import { leftOutInWords, lettersOf, recipientsInWords, refreshMailings } from "./states";

/** Chooses the recipients: the boxes of a pipeline, or of one of its saved views. */
export function Who({ mailing }: { mailing: MailingOut }) {
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  const [pipeline, setPipeline] = useState<string | null>(null);
  const [view, setView] = useState<string>("");
  const [everyContact, setEveryContact] = useState(false);
  const views = api.useQuery(
    "get",
    "/v2/pipelines/{pipeline}/views",
    { params: { path: { pipeline: pipeline ?? "" } } },
    { enabled: pipeline !== null },
  );
  const choose = useMutation({
    mutationFn: () =>
      client.POST("/v2/mailings/{mailing}/recipients", {
        params: { path: { mailing: mailing.key } },
        body: { ...(pipeline && { pipelineKey: pipeline }), ...(view && { viewKey: view }), everyContact },
      }),
    onSuccess: refreshMailings,
  });
  const own = (pipelines.data?.results ?? []).filter((each) => each.teamKey === mailing.teamKey);
  return (
    <Stack maw={560}>
      <Text size="sm">
        {mailing.counts.total === 0
          ? "No recipients yet. To write to some boxes only, select them in the table and click E-mail."
          : `${recipientsInWords(lettersOf(mailing))} chosen.`}
      </Text>
      {leftOutInWords(mailing.counts.leftOut) && (
        <Text size="sm" className="quiet">
          {leftOutInWords(mailing.counts.leftOut)}
        </Text>
      )}
      <Select
        label="Pipeline"
        placeholder="Choose a pipeline"
        allowDeselect={false}
        searchable
        data={own.map((each) => ({ value: each.key, label: each.name }))}
        value={pipeline}
        onChange={(key) => {
          setPipeline(key);
          setView("");
        }}
      />
      {pipeline && (
        <Select
          label="Boxes"
          allowDeselect={false}
          data={[
            { value: "", label: "All boxes" },
            ...(views.data?.results ?? []).map((each) => ({ value: each.key, label: each.name })),
          ]}
          value={view}
          onChange={(key) => setView(key ?? "")}
        />
      )}
      <Switch
        label="All contacts of each box"
        description="Otherwise only the first contact of a box gets an e-mail."
        checked={everyContact}
        onChange={(event) => setEveryContact(event.currentTarget.checked)}
      />
      <Group>
        <Button disabled={!pipeline} loading={choose.isPending} variant="default" onClick={() => choose.mutate()}>
          {mailing.counts.total === 0 ? "Choose these boxes" : "Choose these instead"}
        </Button>
      </Group>
    </Stack>
  );
}
