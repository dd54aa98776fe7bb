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
import { Empty, Ready } from "../components/states";
import { ClearSample } from "../onboarding/ClearSample";
import { FirstSteps } from "../onboarding/FirstSteps";
import classes from "./Home.module.css";

/** Stages that a card lists. */
const MOST_STAGES = 6;

/** Screen with all pipelines and the number of boxes in each stage. */
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
        <Title order={1}>Pipelines</Title>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/pipelines" }} />
          {query.data && <ClearSample pipelines={query.data.results} />}
          {button}
        </Group>
      </Group>
      {query.data && <FirstSteps pipelines={query.data.results} onNewPipeline={setCreating.open} />}
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
        <Text size="sm" className="quiet numbers">
          {all === 1 ? "1 box" : `${all.toLocaleString()} boxes`}
        </Text>
      </Group>
      <div className={classes.bar}>
        {stages.map((each) => (
          <i
            key={each.key}
            style={{ flexGrow: each.boxCount ?? 0, background: each.color.backgroundColor }}
            title={`${each.name}: ${each.boxCount ?? 0}`}
          />
        ))}
      </div>
      <ul className={classes.stages}>
        {listed.map((each) => (
          <li key={each.key}>
            <i style={{ background: each.color.backgroundColor }} />
            {each.name} <b className="numbers">{each.boxCount ?? 0}</b>
          </li>
        ))}
        {listed.length < stages.length && <li>{stages.length - listed.length} more stages</li>}
      </ul>
      <Text size="xs" className="quiet">
        Changed <Moment at={pipeline.lastUpdatedTimestamp} />
      </Text>
    </Link>
  );
}
