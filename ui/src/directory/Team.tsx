import { Select } from "@mantine/core";
import { api } from "../api/client";
import { useSearch } from "../lib/search";

/** The team whose directory is shown: the team in the address, or the first team. */
export function useTeam() {
  const [search, setSearch] = useSearch();
  const query = api.useQuery("get", "/v2/users/me/teams", {});
  const teams = query.data?.results ?? [];
  const team = teams.find((each) => each.key === search.get("team")) ?? teams[0];
  const choose = (key: string) =>
    setSearch((before) => {
      before.set("team", key);
      return before;
    });
  return { query, team, teams, choose };
}

/** Chooses a team. Draws nothing if there is only one. */
export function TeamChoice({ teams, team, choose }: Pick<ReturnType<typeof useTeam>, "teams" | "team" | "choose">) {
  if (teams.length < 2) return null;
  return (
    <Select
      aria-label="Team"
      w={180}
      data={teams.map((each) => ({ value: each.key, label: each.name }))}
      value={team?.key ?? null}
      allowDeselect={false}
      onChange={(key) => key && choose(key)}
    />
  );
}
