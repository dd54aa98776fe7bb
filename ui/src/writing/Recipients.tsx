import { TagsInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import { nameOfContact } from "../api/names";
import { usePeople } from "../components/PersonPicker";
import { isRecipient, recipientName } from "./letterText";
import classes from "./writing.module.css";

type RecipientsProps = {
  label: string;
  teamKey: string;
  value: string[];
  onChange: (value: string[]) => void;
  error?: string | undefined;
  autoFocus?: boolean;
};

/** Chooses recipients: contacts and members of the team are proposed while their name or address is typed. */
export function Recipients({ label, teamKey, value, onChange, error, autoFocus = false }: RecipientsProps) {
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 150);
  const people = usePeople(teamKey);
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { query: settled, teamKey, limit: 8 } } },
    { enabled: settled.length > 1, placeholderData: keepPreviousData, meta: { live: true } },
  );
  const wanted = settled.toLowerCase();
  const members = [...people.values()]
    .map((each) => named(each.fullName || each.displayName || "", each.email))
    .filter((each) => wanted !== "" && each.toLowerCase().includes(wanted));
  const contacts = (settled.length > 1 ? (found.data?.results?.contacts ?? []) : []).flatMap((each) =>
    (each.emailAddresses ?? []).map((address) => named(nameOfContact(each), address)),
  );
  const wrong = value.filter((each) => !isRecipient(each));
  return (
    <TagsInput
      className={classes.recipients ?? ""}
      variant="unstyled"
      size="xs"
      aria-label={label}
      data={[...new Set([...contacts, ...members])].slice(0, 8)}
      filter={({ options }) => options}
      value={value}
      onChange={(next) => onChange([...new Set(next.map((each) => each.trim()))])}
      searchValue={words}
      onSearchChange={setWords}
      splitChars={[",", ";"]}
      acceptValueOnBlur
      autoFocus={autoFocus}
      comboboxProps={{ shadow: "md", width: 340, position: "bottom-start" }}
      renderOption={({ option }) => (
        <span className={classes.person}>
          <span className="cut">{recipientName(option.value)}</span>
          <span className="quiet cut">{addressOf(option.value)}</span>
        </span>
      )}
      error={error ?? (wrong.length > 0 ? `${wrong.join(", ")} is not an e-mail address` : undefined)}
    />
  );
}

function named(name: string, address: string): string {
  const clean = name
    .replace(/[<>",;]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return clean && clean !== address ? `${clean} <${address}>` : address;
}

function addressOf(text: string): string {
  return /<([^<>]*)>$/.exec(text)?.[1] ?? text;
}
