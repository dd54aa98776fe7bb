import { Button, Group, Menu, Table, Text, Title } from "@mantine/core";
import { IconPlus, IconRepeat } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { api, client } from "../api/client";
import type { SequenceOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { refreshSequences, stepsInWords } from "../sequences/steps";

/** Screen with the sequences of the pipelines that the user sees. */
export default function Sequences() {
  const query = api.useInfiniteQuery(
    "get",
    "/v2/sequences",
    {},
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Title order={1}>Sequences</Title>
          <Text component="p" className="quiet">
            E-mails that follow each other until the recipient replies.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/sequences" }} />
          <New />
        </Group>
      </header>
      <Ready query={query}>
        {(data) => {
          const sequences = data.pages.flatMap((page) => page.results);
          if (sequences.length === 0) {
            return (
              <Empty icon={IconRepeat} title="No sequences yet" action={<New />}>
                Write an e-mail, wait three days, write again. It ends when somebody replies.
              </Empty>
            );
          }
          return (
            <Rows heads={["Sequence", "Pipeline", "Running", "Done", "Changed"]} label="Sequences">
              {sequences.map((each) => (
                <Line key={each.key} sequence={each} />
              ))}
            </Rows>
          );
        }}
      </Ready>
      {query.hasNextPage && (
        <Group>
          <Button
            variant="default"
            size="compact-sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
    </div>
  );
}

/** Creates a sequence of a pipeline, with the steps that most sequences have. */
function New() {
  const navigate = useNavigate();
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  const create = useMutation({
    mutationFn: async (pipelineKey: string) => {
      const steps = [
        { type: "mail", subject: "Nice to meet you", html: "<p>Dear {{contact.givenName|customer}},</p>" },
        { type: "wait", days: 3 },
        { type: "mail", html: "<p>Did you have time to read my e-mail?</p>" },
      ];
      const { data } = await client.POST("/v2/sequences", { body: { name: "New sequence", pipelineKey, steps } });
      return data as SequenceOut;
    },
    onSuccess: async ({ key }) => {
      await navigate(`/mail/sequences/${key}`);
      await refreshSequences();
    },
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button leftSection={<IconPlus size={15} />} loading={create.isPending}>
          New sequence
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Pipeline</Menu.Label>
        {(pipelines.data?.results ?? []).map(({ key, name }) => (
          <Menu.Item key={key} maw={320} onClick={() => create.mutate(key)}>
            <span className="cut">{name}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Line({ sequence }: { sequence: SequenceOut }) {
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  const pipeline = pipelines.data?.results.find(({ key }) => key === sequence.pipelineKey);
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <div>
          <Link className={`cut ${classes.open}`} to={`/mail/sequences/${sequence.key}`}>
            {sequence.name}
          </Link>
          <Text size="xs" className="quiet cut">
            {stepsInWords(sequence.steps)}
          </Text>
        </div>
      </Table.Td>
      <Table.Td className={classes.wide}>{pipeline?.name ?? "–"}</Table.Td>
      <Table.Td className="numbers">{sequence.counts.running ?? 0}</Table.Td>
      <Table.Td className="numbers">{sequence.counts.done ?? 0}</Table.Td>
      <Table.Td>
        <Moment at={sequence.lastUpdatedTimestamp} />
      </Table.Td>
    </Table.Tr>
  );
}
