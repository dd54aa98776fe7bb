import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";

export type NamedBox = { key: string; name: string };

type BoxSelectProps = {
  value: string | null;
  onChange: (box: string | null) => void;
  /** Boxes that are offered before anything is typed. */
  offered?: NamedBox[];
  /** The box that cannot be chosen. */
  except?: string | undefined;
  /** The only pipeline whose boxes are found. */
  pipeline?: string;
  error?: string | undefined;
  autoFocus?: boolean;
};

/** Finds a box by its name. */
export function BoxSelect({ value, onChange, offered = [], except, pipeline, error, autoFocus }: BoxSelectProps) {
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 120);
  const picked = offered.some((each) => each.name === settled);
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { query: settled, limit: 20, ...(pipeline && { pipelineKey: pipeline }) } } },
    { enabled: settled !== "" && !picked, placeholderData: keepPreviousData, meta: { live: true } },
  );
  const others = found.data?.results.boxes.map((each) => ({ key: each.boxKey, name: each.name })) ?? [];
  const boxes = new Map([...offered, ...others].filter(({ key }) => key !== except).map((each) => [each.key, each]));
  return (
    <Select
      label="Box"
      placeholder="Type the name of a box"
      data-autofocus={autoFocus}
      searchable
      openOnFocus={false}
      selectFirstOptionOnChange
      value={value}
      error={error}
      onChange={onChange}
      onSearchChange={setWords}
      // The server has searched.
      filter={({ options }) => options}
      data={[...boxes.values()].map(({ key, name }) => ({ value: key, label: name }))}
      nothingFoundMessage={settled ? "No box of that name" : "Type the name of a box"}
    />
  );
}
