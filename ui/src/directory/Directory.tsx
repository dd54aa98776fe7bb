import { Button, Group, SegmentedControl, TextInput, Title } from "@mantine/core";
import { useDebouncedValue, useDisclosure } from "@mantine/hooks";
import { IconAddressBook, IconPlus, IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Empty, Failed, Loading, Ready } from "../components/states";
import { useSearch } from "../lib/search";
import { Duplicates } from "./Duplicates";
import classes from "./directory.module.css";
import { Fields } from "./Fields";
import { NewEntry } from "./NewEntry";
import type { Entry, Noun } from "./nouns";
import { Tables } from "./Tables";
import { TeamChoice, useTeam } from "./Team";

/** All contacts (or organizations) of a team, with a search field. */
export function Directory({ noun }: { noun: Noun }) {
  const { query, ...team } = useTeam();
  return <Ready query={query}>{() => team.team && <TeamDirectory noun={noun} {...team} team={team.team} />}</Ready>;
}

type Team = NonNullable<ReturnType<typeof useTeam>["team"]>;
type TeamDirectoryProps = { noun: Noun; team: Team } & Pick<ReturnType<typeof useTeam>, "teams" | "choose">;

function TeamDirectory({ noun, team, teams, choose }: TeamDirectoryProps) {
  const [search, setSearch] = useSearch();
  const [creating, dialog] = useDisclosure(false);
  const [fielding, fields] = useDisclosure(false);
  const [tabling, tables] = useDisclosure(false);
  const input = useRef<HTMLInputElement>(null);
  const words = search.get("q") ?? "";
  const shown = search.get("show") ?? "all";
  const put = (name: string, value: string) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  useCommands([
    { id: "new-entry", label: `New ${noun.singular}`, section: noun.plural, keys: "c", run: dialog.open },
    { id: "entry-fields", label: `Fields of ${noun.path}`, section: noun.plural, words: "columns", run: fields.open },
    {
      id: "entry-tables",
      label: `Import or export ${noun.path}`,
      section: noun.plural,
      words: "csv excel vcard upload download",
      run: tables.open,
    },
    { id: "find-entry", label: "Search here", section: noun.plural, keys: "/", run: () => input.current?.focus() },
  ]);
  return (
    <div className={classes.screen}>
      <header className={classes.head}>
        <Title order={1}>{noun.plural}</Title>
        <SegmentedControl
          size="xs"
          aria-label="Which"
          data={[
            { value: "all", label: "All" },
            { value: "duplicates", label: "Duplicates" },
          ]}
          value={shown}
          onChange={(value) => put("show", value === "all" ? "" : value)}
        />
        <TextInput
          ref={input}
          className={classes.grow}
          maw={360}
          aria-label={`Search ${noun.path}`}
          placeholder="Search"
          leftSection={<IconSearch size={15} />}
          value={words}
          onChange={(event) => put("q", event.currentTarget.value)}
        />
        <Group gap="xs" ml="auto">
          <TeamChoice team={team} teams={teams} choose={choose} />
          <CopyAsCode call={{ method: "GET", path: `/v2/teams/${team.key}/${noun.path}` }} />
          <Button variant="default" onClick={fields.open}>
            Fields
          </Button>
          <Button variant="default" onClick={tables.open}>
            Import & export
          </Button>
          <Button leftSection={<IconPlus size={15} />} onClick={dialog.open}>
            New {noun.singular}
          </Button>
        </Group>
      </header>
      {shown === "duplicates" ? (
        <Duplicates noun={noun} team={team.key} />
      ) : words.trim() ? (
        <FoundEntries noun={noun} team={team.key} words={words.trim()} />
      ) : (
        <AllEntries noun={noun} team={team.key} onNew={dialog.open} />
      )}
      {tabling && <Tables noun={noun} team={team.key} onClose={tables.close} />}
      {fielding && <Fields noun={noun} team={team.key} onClose={fields.close} />}
      {creating && <NewEntry noun={noun} team={team.key} onClose={dialog.close} />}
    </div>
  );
}

function AllEntries({ noun, team, onNew }: { noun: Noun; team: string; onNew: () => void }) {
  const query = useInfiniteQuery({
    queryKey: ["get", `/v2/teams/{team}/${noun.path}`, { params: { path: { team } } }],
    queryFn: ({ pageParam }) => noun.page(team, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.cursor,
  });
  if (query.isError && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <Loading />;
  const entries = query.data.pages.flatMap((page) => page.results);
  if (entries.length === 0) {
    return (
      <Empty
        icon={IconAddressBook}
        title={`No ${noun.path} yet`}
        action={<Button onClick={onNew}>New {noun.singular}</Button>}
      >
        They belong to the team: name them in boxes, and their mail and boxes are found together. The e-mail addresses
        in boxes are collected by themselves.
      </Empty>
    );
  }
  return <Rows noun={noun} entries={entries} onEnd={() => query.hasNextPage && void query.fetchNextPage()} />;
}

function FoundEntries({ noun, team, words }: { noun: Noun; team: string; words: string }) {
  const [settled] = useDebouncedValue(words, 120);
  const query = useQuery({
    queryKey: ["get", "/v1/search", { noun: noun.path, team, settled }],
    queryFn: async () => noun.several(await noun.search(settled, team)),
    placeholderData: keepPreviousData,
  });
  return (
    <Ready query={query}>
      {(entries) =>
        entries.length === 0 ? (
          <Empty icon={IconSearch} title={`No ${noun.singular} is found by “${words}”`}>
            Names, e-mail addresses, domains and notes are searched; a beginning is enough.
          </Empty>
        ) : (
          <Rows noun={noun} entries={entries} />
        )
      }
    </Ready>
  );
}

type RowsProps = { noun: Noun; entries: Entry[]; onEnd?: () => void };

/** Draws only the visible rows. `onEnd` is called when the last rows come into view. */
function Rows({ noun, entries, onEnd }: RowsProps) {
  const navigate = useNavigate();
  const scroll = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState(-1);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => 36,
    overscan: 20,
  });
  const drawn = rows.getVirtualItems();
  const last = drawn.at(-1)?.index ?? 0;
  const end = useRef(onEnd);
  useEffect(() => {
    end.current = onEnd;
  });
  useEffect(() => {
    if (last >= entries.length - 30) end.current?.();
  }, [last, entries.length]);
  const step = (by: number) => {
    const next = Math.max(0, Math.min(entries.length - 1, current + by));
    setCurrent(next);
    rows.scrollToIndex(next);
  };
  const open = () => entries[current] && void navigate(`/${noun.path}/${entries[current].key}`);
  useCommands([
    { id: "next", label: "Next line", section: noun.plural, keys: "j", run: () => step(1) },
    { id: "previous", label: "Line before", section: noun.plural, keys: "k", run: () => step(-1) },
    { id: "open", label: "Open the line", section: noun.plural, keys: "Enter", run: open },
  ]);
  const columns = noun.members.filter((each) => each.column);
  const before = drawn[0]?.start ?? 0;
  const after = rows.getTotalSize() - (drawn.at(-1)?.end ?? 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the region scrolls, so the keyboard must reach it
    <div className={classes.scroll} ref={scroll} tabIndex={0} role="region" aria-label={noun.plural}>
      <table className={classes.table} aria-rowcount={entries.length + 1}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            {columns.map((each) => (
              <th scope="col" key={each.name} data-far={!each.near || undefined}>
                {each.label}
              </th>
            ))}
            <th scope="col" data-far>
              Changed
            </th>
          </tr>
        </thead>
        <tbody>
          <tr className={classes.space} style={{ height: before }} />
          {drawn.map(({ index }) => {
            const entry = entries[index];
            if (!entry) return null;
            return (
              <tr key={entry.key} aria-rowindex={index + 2} data-current={index === current || undefined}>
                <td>
                  <Link className={classes.name} to={`/${noun.path}/${entry.key}`}>
                    {noun.nameOf(entry)}
                  </Link>
                </td>
                {columns.map((each) => (
                  <td key={each.name} data-far={!each.near || undefined}>
                    {asLine((entry as Record<string, unknown>)[each.name])}
                  </td>
                ))}
                <td className="quiet" data-far>
                  <Moment at={entry.versionTimestamp} />
                </td>
              </tr>
            );
          })}
          <tr className={classes.space} style={{ height: after }} />
        </tbody>
      </table>
    </div>
  );
}

function asLine(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : typeof value === "string" ? value : "";
}
