import { Button, SegmentedControl, Stack, Table, Text, Title } from "@mantine/core";
import type { TablerIcon } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import { useSearch } from "../lib/search";
import classes from "./integrations.module.css";

export const ALL = "All";
/** How many entries a log shows. These are the newest. */
export const SHOWN = 100;

/** The state filter and the open entry of a log, stored in the address under this name. */
export function useJournal(noun: string) {
  const [search, setSearch] = useSearch();
  const put = (name: string, value: string | null) =>
    setSearch((before) => {
      if (value === null) before.delete(name);
      else before.set(name, value);
      return before;
    });
  const state = search.get("state") ?? ALL;
  return {
    noun,
    state,
    /** Query parameters of the request. */
    query: { limit: SHOWN, ...(state === ALL ? {} : { state: state.toUpperCase() }) },
    open: search.get(noun),
    show: (key: string | null) => put(noun, key),
    choose: (chosen: string) => put("state", chosen === ALL ? null : chosen),
  };
}

type Keyed = { key: string };
type JournalProps<T extends Keyed> = {
  title: string;
  log: ReturnType<typeof useJournal>;
  query: UseQueryResult<{ results: T[]; hasNextPage?: boolean }, unknown>;
  /** States to filter by. Without it there is no filter. */
  states?: string[];
  icon: TablerIcon;
  /** Title and text of the empty log. */
  empty: string;
  children: ReactNode;
  heads: string[];
  /** The cells of an entry, one for each heading. */
  cells: (entry: T) => ReactNode[];
  /** Draws the open entry beside the log. */
  draw: (key: string, close: () => void) => ReactNode;
};

/** A log, newest first. A click on an entry opens it beside the log. */
export function Journal<T extends Keyed>({
  title,
  log,
  query,
  states,
  icon,
  empty,
  children,
  heads,
  cells,
  draw,
}: JournalProps<T>) {
  const { noun, state, open, show, choose } = log;
  return (
    <section aria-label={title}>
      <header className={classes.head}>
        <Title order={3}>{title}</Title>
        {states && (
          <SegmentedControl
            size="xs"
            data={[ALL, ...states]}
            value={state}
            aria-label={`Which ${title.toLowerCase()}`}
            onChange={choose}
          />
        )}
      </header>
      <Ready query={query}>
        {({ results, hasNextPage }) =>
          results.length === 0 ? (
            <Empty icon={icon} title={state === ALL ? empty : `None is ${state.toLowerCase()}`}>
              {children}
            </Empty>
          ) : (
            <Stack gap="xs">
              <Rows heads={[...heads, null]} highlight>
                {results.map((each) => (
                  <Table.Tr key={each.key} className={classes.row} onClick={() => show(each.key)}>
                    {cells(each).map((cell, at) => (
                      <Table.Td key={heads[at]} {...(typeof cell === "string" && { className: classes.wide ?? "" })}>
                        {cell}
                      </Table.Td>
                    ))}
                    <Table.Td align="right">
                      <Button
                        variant="subtle"
                        size="compact-xs"
                        aria-label={`Open the ${noun} ${each.key}`}
                        onClick={(event) => {
                          event.stopPropagation();
                          show(each.key);
                        }}
                      >
                        Open
                      </Button>
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Rows>
              {hasNextPage && (
                <Text size="sm" className="quiet">
                  The newest {SHOWN}. The API goes further back.
                </Text>
              )}
            </Stack>
          )
        }
      </Ready>
      {open && draw(open, () => show(null))}
    </section>
  );
}
