import { Button, Group, Switch, Text, Title, UnstyledButton } from "@mantine/core";
import { IconBolt, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { AutomationOut } from "../api/schema";
import classes from "../automations/automations.module.css";
import { recipesOf } from "../automations/rule";
import { useAutomations, useScope } from "../automations/scope";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Empty, Ready } from "../components/states";

/** Screen with the automations of a pipeline, or of a team (for its contacts and organizations). */
export default function Automations() {
  const scope = useScope();
  const { pipeline, teamKey, home } = scope;
  const navigate = useNavigate();
  const query = useAutomations(scope);
  const add = (recipe?: number) => void navigate(`${home}/new${recipe === undefined ? "" : `?recipe=${recipe}`}`);
  const section = pipeline ? "Pipeline" : "Team";
  useCommands([{ id: "new-automation", label: "New automation", section, keys: "c", run: () => add() }]);
  const recipes = (
    <div className={classes.recipes}>
      {recipesOf(scope).map((each, at) => (
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
        {pipeline ? (
          <Title order={2}>Automations</Title>
        ) : (
          <div>
            <Title order={1}>Automations of the team</Title>
            <Text className="quiet">
              For its contacts and organizations. Those for boxes are in a pipeline's own tab.
            </Text>
          </div>
        )}
        <Group gap="xs">
          <CopyAsCode
            call={{
              method: "GET",
              path: pipeline ? `/v2/pipelines/${pipeline.key}/automations` : `/v2/teams/${teamKey}/automations`,
            }}
          />
          <Button leftSection={<IconPlus size={15} />} onClick={() => add()}>
            New automation
          </Button>
        </Group>
      </Group>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <>
              <Empty icon={IconBolt} title="No automations yet">
                An automation does steps when something happens:{" "}
                {pipeline ? "a deal is won, a date comes" : "a contact is made, an organization changes"}, another
                program calls. Begin with one of these, or with your own.
              </Empty>
              {recipes}
            </>
          ) : (
            <div className={classes.list}>
              {results.map((each) => (
                <Line key={each.key} automation={each} home={home} />
              ))}
            </div>
          )
        }
      </Ready>
    </div>
  );
}

function Line({ automation, home }: { automation: AutomationOut; home: string }) {
  const catalogue = api.useQuery("get", "/v2/automations/catalogue", {});
  const when = catalogue.data?.triggers.find((each) => each.type === automation.trigger.type)?.description;
  const toggle = useMutation({
    mutationFn: () =>
      client.POST(automation.enabled ? "/v2/automations/{automation}/disable" : "/v2/automations/{automation}/enable", {
        params: { path: { automation: automation.key } },
      }),
    onSettled: () =>
      queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("automations") }),
  });
  return (
    <div className={classes.line}>
      <Switch
        aria-label={`${automation.name} is on`}
        checked={toggle.isPending ? !automation.enabled : automation.enabled}
        onChange={() => toggle.mutate()}
      />
      <div className={classes.grow}>
        <Link className={classes.name} to={`${home}/${automation.key}`}>
          {automation.name}
        </Link>
        <Text size="sm" className="quiet cut">
          {when ?? String(automation.trigger.type)} ·{" "}
          {automation.steps.length === 1 ? "1 step" : `${automation.steps.length} steps`}
          {automation.offReason && ` · switched off: ${automation.offReason}`}
        </Text>
      </div>
      <Text size="sm" className="quiet">
        {automation.nextTimestamp ? (
          <>
            next <Moment at={automation.nextTimestamp} />
          </>
        ) : (
          <>
            changed <Moment at={automation.lastSavedTimestamp} />
          </>
        )}
      </Text>
    </div>
  );
}
