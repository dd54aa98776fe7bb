import { Button, Group, Switch, Text, Title, UnstyledButton } from "@mantine/core";
import { IconBolt, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { AutomationOut } from "../api/schema";
import { usePipeline } from "../app/Frame";
import classes from "../automations/automations.module.css";
import { RECIPES } from "../automations/rule";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../parts/CopyAsCode";
import { Moment } from "../parts/Moment";
import { Empty, Ready } from "../parts/states";

/** What this pipeline does by itself. */
export default function Automations() {
  const pipeline = usePipeline();
  const navigate = useNavigate();
  const asked = api.useQuery("get", "/v2/pipelines/{pipeline}/automations", {
    params: { path: { pipeline: pipeline.key } },
  });
  const add = (recipe?: number) =>
    void navigate(`/pipelines/${pipeline.key}/automations/new${recipe === undefined ? "" : `?recipe=${recipe}`}`);
  useCommands([{ id: "new-automation", label: "New automation", section: "Pipeline", keys: "c", run: () => add() }]);
  const recipes = (
    <div className={classes.recipes}>
      {RECIPES.map((each, at) => (
        <UnstyledButton key={each.title} className={classes.recipe} onClick={() => add(at)}>
          <Text fw={600}>{each.title}</Text>
          <Text size="sm" className="quiet">
            {each.says}
          </Text>
        </UnstyledButton>
      ))}
    </div>
  );
  return (
    <div className={classes.page}>
      <Group justify="space-between">
        <Title order={2}>Automations</Title>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/automations` }} />
          <Button leftSection={<IconPlus size={15} />} onClick={() => add()}>
            New automation
          </Button>
        </Group>
      </Group>
      <Ready query={asked}>
        {({ results }) =>
          results.length === 0 ? (
            <>
              <Empty icon={IconBolt} title="Nothing happens by itself yet">
                An automation does steps when something happens: a deal is won, a date comes, another program calls.
                Begin with one of these, or with your own.
              </Empty>
              {recipes}
            </>
          ) : (
            <div className={classes.list}>
              {results.map((each) => (
                <Line key={each.key} one={each} pipeline={pipeline.key} />
              ))}
            </div>
          )
        }
      </Ready>
    </div>
  );
}

function Line({ one, pipeline }: { one: AutomationOut; pipeline: string }) {
  const catalogue = api.useQuery("get", "/v2/automations/catalogue", {});
  const when = catalogue.data?.triggers.find((each) => each.type === one.trigger.type)?.description;
  const toggle = useMutation({
    mutationFn: () =>
      client.POST(one.enabled ? "/v2/automations/{automation}/disable" : "/v2/automations/{automation}/enable", {
        params: { path: { automation: one.key } },
      }),
    onSettled: () =>
      queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("automations") }),
  });
  return (
    <div className={classes.line}>
      <Switch
        aria-label={`${one.name} is on`}
        checked={toggle.isPending ? !one.enabled : one.enabled}
        onChange={() => toggle.mutate()}
      />
      <div className={classes.grow}>
        <Link className={classes.name} to={`/pipelines/${pipeline}/automations/${one.key}`}>
          {one.name}
        </Link>
        <Text size="sm" className="quiet cut">
          {when ?? String(one.trigger.type)} · {one.steps.length === 1 ? "1 step" : `${one.steps.length} steps`}
          {one.offReason && ` · switched off: ${one.offReason}`}
        </Text>
      </div>
      <Text size="sm" className="quiet">
        {one.nextTimestamp ? (
          <>
            next <Moment at={one.nextTimestamp} />
          </>
        ) : (
          <>
            changed <Moment at={one.lastSavedTimestamp} />
          </>
        )}
      </Text>
    </div>
  );
}
