import { Button, Group, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconLayoutKanban, IconPlus } from "@tabler/icons-react";
import { Link } from "react-router";
import { api } from "../api/client";
import { WITH_COUNTS } from "../api/pipelines";
import { usePreferences } from "../api/preferences";
import type { PipelineOut } from "../api/schema";
import NewPipeline from "../app/NewPipeline";
import { inOrder } from "../app/order";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { inColours } from "../components/StageTag";
import { Empty, Ready } from "../components/states";
import { Waiting } from "../home/Waiting";
import { ClearSample } from "../onboarding/ClearSample";
import { FirstSteps } from "../onboarding/FirstSteps";
import classes from "./Home.module.css";

/** Stages that a card lists. */
const MOST_STAGES = 6;

/** The first screen: what waits for the user, and all pipelines with the number of boxes in each stage. */
export default function Home() {
  const query = api.useQuery("get", "/v2/pipelines", WITH_COUNTS);
  const { preferences, starred } = usePreferences();
  const [creating, setCreating] = useDisclosure(false);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={setCreating.open}>
      New pipeline
    </Button>
  );
  return (
    <Stack p="lg" maw={1200} w="100%" mx="auto">
      <Group justify="space-between">
        <Title order={1}>Home</Title>
        <Group gap="xs">{query.data && <ClearSample pipelines={query.data.results} />}</Group>
      </Group>
      {query.data && <FirstSteps pipelines={query.data.results} onNewPipeline={setCreating.open} />}
      {query.data && query.data.results.length > 0 && (
        <Waiting pipelines={inOrder(query.data.results, preferences.pipelineOrder ?? [], starred)} />
      )}
      <Group justify="space-between" mt="sm">
        <Title order={2}>Pipelines</Title>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/pipelines" }} />
          {button}
        </Group>
      </Group>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconLayoutKanban} title="Make your first pipeline" action={button}>
              A pipeline is a way that things go: deals to a signature, candidates to an offer, requests to a solution.
              Begin with a template and change whatever you like.
            </Empty>
          ) : (
            <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
              {inOrder(results, preferences.pipelineOrder ?? [], starred).map((each) => (
                <Card key={each.key} pipeline={each} />
              ))}
            </SimpleGrid>
          )
        }
      </Ready>
      {creating && <NewPipeline onClose={setCreating.close} />}
    </Stack>
  );
}

function Card({ pipeline }: { pipeline: PipelineOut }) {
  const stages = pipeline.stageOrder.flatMap((key) => pipeline.stages[key] ?? []);
  const all = pipeline.boxCount ?? 0;
  const listed = stages.length > MOST_STAGES + 1 ? stages.slice(0, MOST_STAGES) : stages;
  return (
    <Link to={`/pipelines/${pipeline.key}`} className={classes.card}>
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600} truncate>
          {pipeline.name}
        </Text>
        <Text size="sm" className="quiet numbers" style={{ whiteSpace: "nowrap" }}>
          {all === 1 ? "1 box" : `${all.toLocaleString()} boxes`}
        </Text>
      </Group>
      <div className={classes.bar}>
        {stages.map((each) => (
          <i
            key={each.key}
            className={inColours(each.color).className}
            style={{ ...inColours(each.color).style, flexGrow: each.boxCount ?? 0 }}
            title={`${each.name}: ${each.boxCount ?? 0}`}
          />
        ))}
      </div>
      <ul className={classes.stages}>
        {listed.map((each) => (
          <li key={each.key}>
            <i {...inColours(each.color)} />
            {each.name} <b className="numbers">{each.boxCount ?? 0}</b>
          </li>
        ))}
        {listed.length < stages.length && <li>{stages.length - listed.length} more stages</li>}
      </ul>
      <Text size="xs" className="quiet">
        Settings changed <Moment at={pipeline.lastUpdatedTimestamp} />
      </Text>
    </Link>
  );
}
