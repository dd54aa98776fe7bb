import { Select, TextInput, Title, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../api/client";
import { nameOfContact } from "../api/names";
import type { FoundOut, PipelineOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { StageTag } from "../components/StageTag";
import { Empty, Ready } from "../components/states";
import { useSearch } from "../lib/search";
import classes from "./Search.module.css";

const KINDS = { boxes: "Boxes", contacts: "Contacts", orgs: "Organizations" } as const;
type Kind = keyof typeof KINDS;

/** Screen with search results, with filters for type and pipeline. */
export default function Search() {
  const [search, setSearch] = useSearch();
  const words = search.get("q") ?? "";
  const pipelineKey = search.get("pipeline") ?? "";
  const [settled] = useDebouncedValue(words.trim(), 150);
  const query = { query: settled, limit: 200, ...(pipelineKey ? { pipelineKey } : {}) };
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query } },
    { enabled: settled !== "", placeholderData: keepPreviousData },
  );
  const pipelines = api.useQuery("get", "/v2/pipelines", {});
  const put = (name: string, value: string) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  return (
    <div className={classes.screen}>
      <header className={classes.head}>
        <Title order={1}>Search</Title>
        <TextInput
          className={classes.words}
          aria-label="Search everything"
          placeholder="Names, notes, fields, e-mail addresses …"
          leftSection={<IconSearch size={15} />}
          autoFocus
          value={words}
          onChange={(event) => put("q", event.currentTarget.value)}
        />
        <Select
          aria-label="In which pipeline"
          placeholder="Every pipeline"
          clearable
          data={(pipelines.data?.results ?? []).map((each) => ({ value: each.key, label: each.name }))}
          value={pipelineKey || null}
          onChange={(value) => put("pipeline", value ?? "")}
        />
        <CopyAsCode call={{ method: "GET", path: "/v1/search", query }} />
      </header>
      {settled === "" ? (
        <Empty icon={IconSearch} title="What are you looking for?">
          A few letters are enough, and a letter that is wrong does no harm. Ctrl K finds things from anywhere.
        </Empty>
      ) : (
        <Ready query={found}>
          {({ results }) => (
            <Results
              found={results}
              pipelines={pipelines.data?.results ?? []}
              kind={(search.get("kind") ?? "") as Kind | ""}
              words={settled}
              onKind={(kind) => put("kind", kind)}
            />
          )}
        </Ready>
      )}
    </div>
  );
}

type ResultsProps = {
  found: FoundOut;
  pipelines: PipelineOut[];
  kind: Kind | "";
  words: string;
  onKind: (kind: Kind | "") => void;
};

function Results({ found, pipelines, kind, words, onKind }: ResultsProps) {
  const counts = { boxes: found.boxes.length, contacts: found.contacts.length, orgs: found.orgs.length };
  const all = counts.boxes + counts.contacts + counts.orgs;
  if (all === 0) {
    return (
      <Empty icon={IconSearch} title={`Nothing is found by “${words}”`}>
        Only what is shared with you is searched.
      </Empty>
    );
  }
  const shows = (each: Kind) => (kind === "" || kind === each) && counts[each] > 0;
  return (
    <div className={classes.body}>
      <nav className={classes.facets} aria-label="What to show">
        <UnstyledButton aria-current={kind === ""} onClick={() => onKind("")}>
          Everything <span className="numbers">{all}</span>
        </UnstyledButton>
        {(Object.keys(KINDS) as Kind[]).map((each) => (
          <UnstyledButton
            key={each}
            aria-current={kind === each}
            disabled={counts[each] === 0}
            onClick={() => onKind(each)}
          >
            {KINDS[each]} <span className="numbers">{counts[each]}</span>
          </UnstyledButton>
        ))}
      </nav>
      <div>
        {shows("boxes") && (
          <List title={KINDS.boxes}>
            {found.boxes.map((each) => {
              const pipeline = pipelines.find(({ key }) => key === each.pipelineKey);
              const stage = pipeline?.stages[each.stageKey];
              return (
                <Link key={each.boxKey} to={`/pipelines/${each.pipelineKey}?box=${each.boxKey}`}>
                  <span className="cut">
                    <b>{each.name}</b> <span className="quiet">{pipeline?.name}</span>
                  </span>
                  <span className={classes.right}>
                    <span className="quiet">
                      <Moment at={each.lastUpdatedTimestamp} />
                    </span>
                    {stage && <StageTag stage={stage} />}
                  </span>
                </Link>
              );
            })}
          </List>
        )}
        {shows("contacts") && (
          <List title={KINDS.contacts}>
            {found.contacts.map((each) => (
              <Link key={each.key} to={`/contacts/${each.key}`}>
                <span className="cut">
                  <b>{nameOfContact(each)}</b> <span className="quiet">{each.title}</span>
                </span>
                <span className="quiet cut">{each.emailAddresses.join(", ")}</span>
              </Link>
            ))}
          </List>
        )}
        {shows("orgs") && (
          <List title={KINDS.orgs}>
            {found.orgs.map((each) => (
              <Link key={each.key} to={`/organizations/${each.key}`}>
                <span className="cut">
                  <b>{each.name ?? each.domains[0]}</b> <span className="quiet">{each.industry}</span>
                </span>
                <span className="quiet cut">{each.domains.join(", ")}</span>
              </Link>
            ))}
          </List>
        )}
      </div>
    </div>
  );
}

function List({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className={classes.list} aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
