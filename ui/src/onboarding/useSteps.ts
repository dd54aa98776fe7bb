import { useQueries } from "@tanstack/react-query";
import { api } from "../api/client";
import type { PipelineOut } from "../api/schema";

/** How many pipelines are checked. Users with more pipelines do not need first steps. */
const MOST = 20;

export type Done = { pipeline: boolean; colleague: boolean; key: boolean; webhook: boolean; rows: boolean };

/** The steps that are done already; undefined until the server has answered. */
export function useSteps(pipelines: PipelineOut[]): Done | undefined {
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const team = teams.data?.results[0];
  const invited = api.useQuery(
    "get",
    "/v2/teams/{team}/invitations",
    { params: { path: { team: team?.key ?? "" } } },
    { enabled: team !== undefined && team.members.length < 2 },
  );
  // The server records the use of a key some seconds after the call.
  const refetchInterval = (query: { state: { data?: { lastUsedTimestamp?: number | null }[] | undefined } }) =>
    query.state.data?.some((each) => each.lastUsedTimestamp) ? false : 5000;
  const keys = api.useQuery("get", "/v1/apikeys", {}, { refetchOnMount: "always", refetchInterval });
  const own = pipelines.slice(0, MOST).map((each) => ({ params: { path: { pipeline: each.key } } }));
  const webhooks = useQueries({
    queries: own.map((init) => api.queryOptions("get", "/v2/pipelines/{pipeline}/webhooks", init)),
    combine: whatIsThere,
  });
  const imports = useQueries({
    queries: own.map((init) => api.queryOptions("get", "/v2/pipelines/{pipeline}/imports", init)),
    combine: whatIsThere,
  });
  if ([teams, keys].some((each) => each.isPending) || webhooks.pending || imports.pending || invited.isLoading) {
    return undefined;
  }
  return {
    pipeline: pipelines.some((each) => !isSample(each)),
    colleague: (team?.members.length ?? 0) > 1 || (invited.data?.results.length ?? 0) > 0,
    key: (keys.data ?? []).some((each) => Boolean(each.lastUsedTimestamp)),
    webhook: webhooks.results.length > 0,
    rows: imports.results.some((each) => each.created > 0),
  };
}

type QueryState<T> = { isPending: boolean; data?: { results: T[] } | undefined };

function whatIsThere<T>(lists: QueryState<T>[]): { pending: boolean; results: T[] } {
  return {
    pending: lists.some((each) => each.isPending),
    results: lists.flatMap((each) => each.data?.results ?? []),
  };
}

/** Whether this is the sample pipeline that the first start of the server creates. */
export function isSample(pipeline: PipelineOut): boolean {
  return pipeline.creationSourceType === "SYSTEM_ONBOARDING";
}
