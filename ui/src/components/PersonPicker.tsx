import { MultiSelect, type MultiSelectProps } from "@mantine/core";
import { useMemo } from "react";
import { api } from "../api/client";
import { Face, type Known, nameOf } from "./People";

type PersonPickerProps = Omit<MultiSelectProps, "data" | "value" | "onChange"> & {
  teamKey: string;
  /** User keys, or e-mail addresses of people who are not users. */
  value: string[];
  onChange: (value: string[]) => void;
  /** People who are chosen already and may have left the team. */
  known?: readonly Known[];
};

/** Chooses people of the team by typing. */
export function PersonPicker({ teamKey, value, onChange, known = [], ...rest }: PersonPickerProps) {
  const people = usePeople(teamKey, known);
  return (
    <MultiSelect
      searchable
      clearable
      hidePickedOptions
      nothingFoundMessage="No team member has this name"
      {...rest}
      data={[...people].map(([key, person]) => ({ value: key, label: nameOf(person) }))}
      renderOption={({ option }) => {
        const person = people.get(option.value);
        return (
          <>
            {person && <Face person={person} size={20} />}
            <span className="cut">{option.label}</span>
          </>
        );
      }}
      value={value}
      onChange={onChange}
    />
  );
}

/** The members of the team and the known people, by user key or e-mail address. */
export function usePeople(teamKey: string, known: readonly Known[] = []): Map<string, Known> {
  const team = api.useQuery(
    "get",
    "/v2/teams/{team}",
    { params: { path: { team: teamKey } } },
    { enabled: teamKey !== "" },
  );
  return useMemo(() => {
    const all: Known[] = [...(team.data?.members ?? []), ...known];
    return new Map(all.map((each) => [each.userKey || each.email, each]));
  }, [team.data, known]);
}
