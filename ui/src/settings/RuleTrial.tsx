import { Alert, Anchor, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { messageOf } from "../api/problem";
import type { PipelineOut } from "../api/schema";
import { boxesOf } from "../lib/addresses";
import type { Column } from "../table/columns";
import { breakingFilter, type Draft } from "./rule";
import classes from "./settings.module.css";

type Props = { pipeline: PipelineOut; draft: Draft; columns: ReadonlyMap<string, Column> };

/** The boxes that currently break the rule, updated while the user edits it. */
export function RuleTrial({ pipeline, draft, columns }: Props) {
  const [formula] = useDebouncedValue(draft.formula.trim(), 250);
  const [filter] = useDebouncedValue(JSON.stringify(breakingFilter(draft, columns)), 250);
  if (draft.demand === "formula") return formula ? <Formula pipeline={pipeline} formula={formula} /> : null;
  return filter === "null" ? null : <Filter pipeline={pipeline} filter={filter} />;
}

const MOST_NAMED = 3;

function Filter({ pipeline, filter }: { pipeline: PipelineOut; filter: string }) {
  const query = api.useQuery(
    "get",
    "/v2/pipelines/{pipeline}/table",
    { params: { path: { pipeline: pipeline.key }, query: { filter, by: "", limit: MOST_NAMED } } },
    { retry: false, placeholderData: keepPreviousData },
  );
  if (query.isError) return <ErrorText error={query.error} />;
  if (!query.data) return null;
  const { count, results } = query.data;
  if (count === 0) {
    return (
      <Alert color="green" p="xs" role="status">
        No box breaks it as it is now.
      </Alert>
    );
  }
  const names = results.slice(0, MOST_NAMED).map((each) => each.name);
  const more = count - names.length;
  return (
    <Alert color="yellow" p="xs" role="status">
      <Anchor component={Link} size="sm" to={boxesOf(pipeline.key, [JSON.parse(filter)])} target="_blank">
        {count === 1 ? "1 box breaks it" : `${count.toLocaleString()} boxes break it`}
      </Anchor>{" "}
      as it is now: {names.join(", ")}
      {more > 0 && ` and ${more.toLocaleString()} more`}
    </Alert>
  );
}

function Formula({ pipeline, formula }: { pipeline: PipelineOut; formula: string }) {
  const query = useQuery({
    queryKey: ["formula", pipeline.key, formula],
    retry: false,
    queryFn: async () => {
      const { data } = await client.POST("/v2/pipelines/{pipeline}/formulas/preview", {
        params: { path: { pipeline: pipeline.key } },
        body: { formula },
      });
      return data?.results ?? [];
    },
  });
  if (query.isError) return <ErrorText error={query.error} />;
  if (!query.data) return null;
  if (query.data.length === 0) return <Text className="quiet">There is no box yet to try it on.</Text>;
  return (
    <dl className={classes.preview} aria-label="What it comes to">
      {query.data.map((each) => (
        <div key={each.boxKey} style={{ display: "contents" }}>
          <dt className="cut quiet">{each.name}</dt>
          <dd className="cut" style={{ margin: 0 }}>
            {resultInWords(each.value)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The result as a rule reads it: true if JavaScript takes the value for true. A formula that fails gives a warning. */
function resultInWords(value: unknown): string {
  if (typeof value === "object" && value !== null && "error" in value) return `fails: ${String(value.error)}`;
  return value ? "keeps it" : "breaks it";
}

function ErrorText({ error }: { error: unknown }) {
  return (
    <Alert color="orange" p="xs" role="status">
      {messageOf(error)}
    </Alert>
  );
}
