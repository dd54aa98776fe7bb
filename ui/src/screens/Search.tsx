import { Select, TextInput, Title, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "react-router";
import { api } from "../api/client";
import { NOUNS, type Noun, ofName, pathOf, telling, whereIs } from "../api/matches";
import type { MatchesOut, MatchOut, PipelineOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Snippet } from "../components/Snippet";
import { StageTag } from "../components/StageTag";
import { Empty, Ready } from "../components/states";
import { useSearch } from "../lib/search";
import classes from "./Search.module.css";

const SHOWN = 10;
const MOST = 100;

/** Screen with search results: where each matches, how many there are, with filters for kind and pipeline. */
export default function Search() {
  const [search, setSearch] = useSearch();
  const words = search.get("q") ?? "";
  const pipelineKey = search.get("pipeline") ?? "";
  const [settled] = useDebouncedValue(words.trim(), 150);
  const noun = (search.get("kind") ?? "") as Noun | "";
  const query = {
    query: settled,
    limit: noun ? MOST : SHOWN,
    ...(noun ? { noun } : {}),
    ...(pipelineKey ? { pipelineKey } : {}),
  };
  const found = api.useQuery(
    "get",
    "/v2/search/matches",
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
          placeholder="Names, notes, fields, tasks, comments, e-mail, files …"
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
        <CopyAsCode call={{ method: "GET", path: "/v2/search/matches", query }} />
      </header>
      {settled === "" ? (
        <Empty icon={IconSearch} title="What are you looking for?">
          A few letters are enough, and a letter that is wrong does no harm. Ctrl K finds things from anywhere.
        </Empty>
      ) : (
        <Ready query={found}>
          {(matches) => (
            <Results
              found={matches}
              pipelines={pipelines.data?.results ?? []}
              noun={noun}
              words={settled}
              onNoun={(wanted) => put("kind", wanted)}
            />
          )}
        </Ready>
      )}
    </div>
  );
}

type ResultsProps = {
  found: MatchesOut;
  pipelines: PipelineOut[];
  noun: Noun | "";
  words: string;
  onNoun: (noun: Noun | "") => void;
};

function Results({ found, pipelines, noun, words, onNoun }: ResultsProps) {
  const facets = new Map(found.facets.map((each) => [each.noun, each]));
  const count = (each: string) =>
    `${(facets.get(each)?.count ?? 0).toLocaleString()}${facets.get(each)?.more ? "+" : ""}`;
  const all = found.facets.reduce((sum, each) => sum + each.count, 0);
  if (all === 0) {
    return (
      <Empty icon={IconSearch} title={`Nothing is found by “${words}”`}>
        Only what is shared with you is searched.
      </Empty>
    );
  }
  return (
    <div className={classes.body}>
      <nav className={classes.facets} aria-label="What to show">
        <UnstyledButton aria-current={noun === ""} onClick={() => onNoun("")}>
          Everything{" "}
          <span className="numbers">
            {all.toLocaleString()}
            {found.facets.some((each) => each.more) && "+"}
          </span>
        </UnstyledButton>
        {(Object.keys(NOUNS) as Noun[]).map((each) => (
          <UnstyledButton
            key={each}
            aria-current={noun === each}
            disabled={!facets.get(each)?.count}
            onClick={() => onNoun(each)}
          >
            {NOUNS[each]} <span className="numbers">{count(each)}</span>
          </UnstyledButton>
        ))}
      </nav>
      <div>
        {(Object.keys(NOUNS) as Noun[]).map((each) => {
          const matches = found.results.filter((match) => match.noun === each);
          if (matches.length === 0) return null;
          const more = (facets.get(each)?.count ?? 0) > matches.length;
          return (
            <section key={each} className={classes.list} aria-label={NOUNS[each]}>
              <h2>{NOUNS[each]}</h2>
              {matches.map((match) => (
                <Line key={match.key} match={match} pipelines={pipelines} />
              ))}
              {more && noun === "" && (
                <UnstyledButton className={classes.more ?? ""} onClick={() => onNoun(each)}>
                  Show more of {count(each)}
                </UnstyledButton>
              )}
            </section>
          );
        })}
      </div>
    </div>
  );
}

function Line({ match, pipelines }: { match: MatchOut; pipelines: PipelineOut[] }) {
  const pipeline = pipelines.find(({ key }) => key === match.pipelineKey);
  const stage = match.noun === "box" && match.stageKey ? pipeline?.stages[match.stageKey] : undefined;
  const [name, place] = [ofName(match), telling(match)];
  const titled = !["comment", "meeting"].includes(match.noun);
  const box = match.noun === "box" ? "" : (match.boxName ?? "");
  return (
    <Link to={pathOf(match)}>
      <span className={classes.what}>
        {titled && (
          <span className="cut">
            <b>{name ? <Snippet snippet={name} /> : match.name}</b>{" "}
            <span className="quiet">{[match.address, box, pipeline?.name].filter(Boolean).join(", ")}</span>
          </span>
        )}
        {place ? (
          <span className={classes.where}>
            {whereIs(place) && <span className="quiet">{whereIs(place)}: </span>}
            <Snippet snippet={place} />
          </span>
        ) : (
          !titled && <span className="cut">{match.name}</span>
        )}
        {!titled && <span className="quiet cut">{[box, pipeline?.name].filter(Boolean).join(", ")}</span>}
      </span>
      <span className={classes.right}>
        <span className="quiet">
          <Moment at={match.timestamp} />
        </span>
        {stage && <StageTag stage={stage} />}
      </span>
    </Link>
  );
}
