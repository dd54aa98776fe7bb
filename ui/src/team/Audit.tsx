import { Button, Group, Menu, Select, Table, Text, Title } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { IconDownload, IconListSearch, IconLock } from "@tabler/icons-react";
import { api } from "../api/client";
import type { TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { nameOf } from "../components/People";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { useSearch } from "../lib/search";
import { type AuditFilter, dayOf, KINDS, queryOf } from "./filters";
import { isOwner } from "./roles";

/** The audit log: changes to the team, its members, keys, pipelines, webhooks and automations, newest first. */
export function Audit({ team }: { team: TeamOut }) {
  const me = useMe();
  if (!isOwner(team, me.key)) {
    return (
      <Empty icon={IconLock} title="For owners of the team">
        The audit log tells who changed the team, its people, keys and pipelines. An owner can show it to you, or make
        you one.
      </Empty>
    );
  }
  return <Log team={team} />;
}

function Log({ team }: { team: TeamOut }) {
  const [search, setSearch] = useSearch();
  const set = (name: string, value: string | null) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const filter: AuditFilter = {
    kind: search.get("kind") ?? "",
    actor: search.get("actor") ?? "",
    from: search.get("from") ?? "",
    to: search.get("to") ?? "",
  };
  const query = queryOf(filter);
  const path = `/v2/teams/${team.key}/audit`;
  const log = api.useInfiniteQuery(
    "get",
    "/v2/teams/{team}/audit",
    { params: { path: { team: team.key }, query: { ...query, limit: 50 } } },
    { pageParamName: "cursor", initialPageParam: "", getNextPageParam: (page) => page.cursor },
  );
  const file = (format: string) => `/api${path}/export?${new URLSearchParams({ ...query, format })}`;
  const filtered = Object.keys(query).length > 0;
  return (
    <section aria-label="Audit log">
      <header className={classes.head}>
        <div>
          <Title order={2}>Audit log</Title>
          <Text component="p" className="quiet">
            Who did what to the team. What happened to a box is in its history.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path, query }} />
          <Menu position="bottom-end">
            <Menu.Target>
              <Button variant="default" leftSection={<IconDownload size={15} />}>
                Export
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item component="a" href={file("csv")} download>
                As CSV
              </Menu.Item>
              <Menu.Item component="a" href={file("json")} download>
                As JSON
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </header>
      <Group gap="xs" mb="sm">
        <Select
          aria-label="About"
          placeholder="About everything"
          clearable
          w={170}
          data={KINDS}
          value={filter.kind || null}
          onChange={(value) => set("kind", value)}
        />
        <Select
          aria-label="By"
          placeholder="By anyone"
          clearable
          searchable
          w={170}
          data={team.members.map((each) => ({ value: each.userKey, label: nameOf(each) }))}
          value={filter.actor || null}
          onChange={(value) => set("actor", value)}
        />
        <DatePickerInput
          aria-label="From"
          placeholder="From"
          clearable
          w={140}
          value={filter.from || null}
          onChange={(value) => set("from", dayOf(value))}
        />
        <DatePickerInput
          aria-label="Until"
          placeholder="Until"
          clearable
          w={140}
          value={filter.to || null}
          onChange={(value) => set("to", dayOf(value))}
        />
      </Group>
      <Ready query={log}>
        {(data) => {
          const entries = data.pages.flatMap((page) => page.results);
          if (entries.length === 0) {
            return (
              <Empty icon={IconListSearch} title={filtered ? "Nothing like that happened" : "Nothing happened yet"}>
                {filtered ? "Take a filter away to see more." : "What is done to the team is kept here."}
              </Empty>
            );
          }
          return (
            <Rows heads={["When", "Who", "What", "Kind"]} label="Entries">
              {entries.map((each) => (
                <Table.Tr key={each.key}>
                  <Table.Td>
                    <Moment at={each.timestamp} />
                  </Table.Td>
                  <Table.Td>
                    {each.actor?.displayName ?? <span className="quiet">Boxwood</span>}
                    {each.via?.name && <span className="quiet"> · {each.via.name}</span>}
                  </Table.Td>
                  <Table.Td className={classes.wide} title={each.story}>
                    {each.story}
                  </Table.Td>
                  <Table.Td>
                    <code>{each.kind}</code>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          );
        }}
      </Ready>
      {log.hasNextPage && (
        <Button
          mt="sm"
          variant="default"
          size="compact-sm"
          loading={log.isFetchingNextPage}
          onClick={() => void log.fetchNextPage()}
        >
          Show older
        </Button>
      )}
    </section>
  );
}
