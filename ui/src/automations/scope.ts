import { useParams } from "react-router";
import { api } from "../api/client";
import type { PipelineOut } from "../api/schema";
import { useAnyPipeline } from "../app/pipeline";

/** Whose automations these are: a pipeline's, or a team's (for its contacts and organizations). */
export type Scope = { pipeline: PipelineOut | null; teamKey: string; home: string };

export function useScope(): Scope {
  const pipeline = useAnyPipeline();
  const { team = "" } = useParams();
  if (pipeline) return { pipeline, teamKey: pipeline.teamKey, home: `/pipelines/${pipeline.key}/automations` };
  return { pipeline: null, teamKey: team, home: `/teams/${team}/automations` };
}

export function useAutomations({ pipeline, teamKey }: Scope) {
  const within = api.useQuery(
    "get",
    "/v2/pipelines/{pipeline}/automations",
    { params: { path: { pipeline: pipeline?.key ?? "" } } },
    { enabled: pipeline !== null },
  );
  const team = api.useQuery(
    "get",
    "/v2/teams/{team}/automations",
    { params: { path: { team: teamKey } } },
    { enabled: pipeline === null },
  );
  return pipeline ? within : team;
}

export function useInbound({ pipeline, teamKey }: Scope) {
  const within = api.useQuery(
    "get",
    "/v2/pipelines/{pipeline}/inbound",
    { params: { path: { pipeline: pipeline?.key ?? "" } } },
    { enabled: pipeline !== null },
  );
  const team = api.useQuery(
    "get",
    "/v2/teams/{team}/inbound",
    { params: { path: { team: teamKey } } },
    { enabled: pipeline === null },
  );
  return pipeline ? within : team;
}
