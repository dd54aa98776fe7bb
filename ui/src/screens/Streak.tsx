import {
  Button,
  Checkbox,
  Group,
  List,
  PasswordInput,
  Select,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconTransferIn } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { StreakImportOut, TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { isOwner } from "../team/roles";

const IMPORTS = ["get", "/v2/streakimports"] as const;
const refresh = () => queries.invalidateQueries({ queryKey: IMPORTS });
const STREAK = "https://api.streak.com";
const MODES = [
  { value: "COUNT", label: "Count what would come" },
  { value: "IMPORT", label: "Import" },
  { value: "COMPARE", label: "Compare with the source" },
];
const isUnderWay = ({ state }: StreakImportOut) => state === "waiting" || state === "running";

/** Screen that moves a team from Streak, or from another Boxwood, to a team here. */
export default function Streak() {
  const me = useMe();
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const query = api.useQuery(
    ...IMPORTS,
    {},
    { refetchInterval: ({ state: { data } }) => (data?.results.some(isUnderWay) ? 1000 : false) },
  );
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Title order={1}>Move from Streak</Title>
          <Text component="p" className="quiet">
            Copies pipelines, boxes, contacts, tasks, comments and files. Old keys keep working.
          </Text>
        </div>
        <CopyAsCode call={{ method: "GET", path: "/v2/streakimports" }} />
      </header>
      <Ready query={teams}>
        {({ results }) => {
          const owned = results.filter((team) => isOwner(team, me.key));
          return owned.length > 0 ? <Start teams={owned} /> : <Text>Only an owner of a team can import into it.</Text>;
        }}
      </Ready>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconTransferIn} title="No imports yet">
              Count first: that writes nothing, and shows what would come.
            </Empty>
          ) : (
            <>
              {results.slice(0, 1).map((job) => (
                <Newest key={job.key} job={job} />
              ))}
              <Rows heads={["From", "What", "State", "Started"]} label="Imports from Streak">
                {results.map((job) => (
                  <Table.Tr key={job.key}>
                    <Table.Td>{job.source}</Table.Td>
                    <Table.Td>{MODES.find(({ value }) => value === job.mode)?.label}</Table.Td>
                    <Table.Td>{job.state}</Table.Td>
                    <Table.Td>
                      <Moment at={job.creationDate} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Rows>
            </>
          )
        }
      </Ready>
    </div>
  );
}

function Start({ teams }: { teams: TeamOut[] }) {
  const [key, setKey] = useState("");
  const [source, setSource] = useState(STREAK);
  const [sourceTeam, setSourceTeam] = useState("");
  const [team, setTeam] = useState(teams[0]?.key ?? "");
  const [mode, setMode] = useState("COUNT");
  const [watch, setWatch] = useState(false);
  const form = useForm(async () => {
    await client.POST("/v2/streakimports", {
      body: { key, source, sourceTeam, teamKey: team, mode: mode as "COUNT", watch: watch && mode === "IMPORT" },
    });
    await refresh();
  });
  const at = (member: string) => errorAt(form.error, member);
  const shown = at("key") ?? at("source");
  return (
    <form onSubmit={form.submit}>
      <Stack gap="xs" maw={620}>
        <PasswordInput
          label="API key of the source"
          description="In Streak: Integrations, Streak API. It is removed when the import ends."
          required
          autoComplete="off"
          value={key}
          error={at("key")}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
        <Group align="flex-start" gap="xs" grow>
          <TextInput
            label="Address of the source"
            value={source}
            error={at("source")}
            onChange={(event) => setSource(event.currentTarget.value)}
          />
          <TextInput
            label="Team there"
            placeholder="Only if the key sees several"
            value={sourceTeam}
            onChange={(event) => setSourceTeam(event.currentTarget.value)}
          />
        </Group>
        <Group align="flex-start" gap="xs" grow>
          <Select
            label="Team here"
            allowDeselect={false}
            data={teams.map((each) => ({ value: each.key, label: each.name }))}
            value={team}
            onChange={(value) => value && setTeam(value)}
          />
          <Select
            label="What to do"
            allowDeselect={false}
            data={MODES}
            value={mode}
            onChange={(value) => value && setMode(value)}
          />
        </Group>
        {mode === "IMPORT" && (
          <Checkbox
            label="Repeat every minute, until I stop it"
            checked={watch}
            onChange={(event) => setWatch(event.currentTarget.checked)}
          />
        )}
        <Group>
          <Button type="submit" loading={form.busy} disabled={key.trim() === ""}>
            Start
          </Button>
        </Group>
        <Refusal error={shown ? null : form.error} />
      </Stack>
    </form>
  );
}

/** The newest import: how far it is, what came, and what did not, with the reasons. */
function Newest({ job }: { job: StreakImportOut }) {
  const running = isUnderWay(job);
  const stop = useMutation({
    mutationFn: () =>
      client.POST("/v2/streakimports/{streakimport}/stop", { params: { path: { streakimport: job.key } } }),
    onSettled: refresh,
  });
  useEffect(() => {
    if (!running) void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[1] !== IMPORTS[1] });
  }, [running]);
  const { counts, notes, differences } = job.report;
  return (
    <Stack gap="sm">
      <Group>
        <Text role="status" fw={600}>
          {running ? job.progress || "It begins in a moment" : job.error ? `Failed: ${job.error}` : "Done"}
        </Text>
        {running && (
          <Button variant="default" size="compact-sm" loading={stop.isPending} onClick={() => stop.mutate()}>
            Stop
          </Button>
        )}
      </Group>
      {running && job.error && <Text className="quiet">Last time: {job.error}</Text>}
      {Object.keys(counts).length > 0 && (
        <Rows heads={["What", "How many"]} label="What came">
          {Object.entries(counts).map(([noun, outcomes]) => (
            <Table.Tr key={noun}>
              <Table.Td>{noun}</Table.Td>
              <Table.Td className="numbers">
                {Object.entries(outcomes)
                  .map(([outcome, number]) => `${number} ${outcome}`)
                  .join(", ")}
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
      <Lines
        title="Not as at the source"
        lines={notes.map((note) => `${note.noun} ${note.name || note.key}: ${note.reason}`)}
        more={job.report.moreNotes}
      />
      <Lines
        title="Differences"
        lines={differences.map(
          ({ noun, name, member, there, here }) =>
            `${noun} ${name}: ${member} is ${JSON.stringify(there)} there, ${JSON.stringify(here)} here`,
        )}
        more={job.report.moreDifferences}
      />
    </Stack>
  );
}

function Lines({ title, lines, more }: { title: string; lines: string[]; more: number }) {
  if (lines.length === 0) return null;
  const left = lines.length - 100 + more;
  return (
    <div>
      <Title order={2}>{title}</Title>
      <List size="sm">
        {lines.slice(0, 100).map((line) => (
          <List.Item key={line}>{line}</List.Item>
        ))}
      </List>
      {left > 0 && <Text className="quiet">and {left} more</Text>}
    </div>
  );
}
