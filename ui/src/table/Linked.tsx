import { MultiSelect } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import { type Noun, nameOfContact, useNames } from "../api/names";

type Props = { portal: boolean; noun: Noun; teamKey: string; value: unknown; onChange: (keys: string[]) => void };

/** Contacts or organizations to compare with, chosen by typing. */
export function Linked({ portal, noun, teamKey, value, onChange }: Props) {
  const chosen = Array.isArray(value) ? value.map(String) : [];
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 120);
  const names = useNames(noun, chosen);
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { query: settled, teamKey, limit: 20 } } },
    { enabled: settled !== "", placeholderData: keepPreviousData, meta: { live: true } },
  );
  const results = found.data?.results;
  const others =
    noun === "contacts"
      ? (results?.contacts ?? []).map((each) => ({ value: each.key, label: nameOfContact(each) }))
      : (results?.orgs ?? []).map((each) => ({ value: each.key, label: each.name ?? each.domains[0] ?? each.key }));
  const mine = chosen.map((key, at) => ({ value: key, label: names[at] ?? "…" }));
  const data = [...mine, ...(settled ? others : []).filter((each) => !chosen.includes(each.value))];
  return (
    <MultiSelect
      comboboxProps={{ withinPortal: portal }}
      size="xs"
      searchable
      aria-label="Values"
      placeholder={chosen.length === 0 ? "Type a name" : ""}
      data={data}
      filter={({ options }) => options}
      searchValue={words}
      onSearchChange={setWords}
      nothingFoundMessage={settled ? "Nothing of that name" : "Type a name or an e-mail address"}
      value={chosen}
      onChange={onChange}
    />
  );
}
