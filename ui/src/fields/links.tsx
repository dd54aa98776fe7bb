import { useDebouncedValue } from "@mantine/hooks";
import { IconAddressBook, IconBuilding } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api } from "../api/client";
import { createNamed, keyNamed, knownName, type Noun, nameOfContact, nameOfOrganization, useNames } from "../api/names";
import { offerUndo } from "../api/undo";
import { failed } from "../components/toasts";
import { compareValues } from "./compare";
import type { DrawProps, EditProps, FieldKind } from "./kind";
import { Picker } from "./Picker";

function keysIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

type Linked = { noun: Noun };

export function DrawLinks({ noun, value }: Pick<DrawProps, "value"> & Linked) {
  const keys = keysIn(value);
  const names = useNames(noun, keys);
  return keys.map((key, at) => (
    <span key={key}>
      {at > 0 && ", "}
      <Link className="plain" to={`/${noun}/${key}`} onClick={(event) => event.stopPropagation()}>
        {names[at] ?? "…"}
      </Link>
    </span>
  ));
}

export function EditLinks({ noun, field, value, teamKey, onSave, onCancel, typed }: EditProps & Linked) {
  const chosen = keysIn(value);
  const [words, setWords] = useState(typed ?? "");
  const [settled] = useDebouncedValue(words.trim(), 120);
  const [made, setMade] = useState<string[]>([]);
  const known = [...chosen, ...made];
  const names = useNames(noun, known);
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { query: settled, teamKey, limit: 20 } } },
    { enabled: settled !== "", placeholderData: keepPreviousData, meta: { live: true } },
  );
  const mine = known.map((key, at) => ({ value: key, label: names[at] ?? key }));
  const results = found.data?.results;
  const others = (
    noun === "contacts"
      ? (results?.contacts ?? []).map((each) => ({ value: each.key, label: nameOfContact(each) }))
      : (results?.orgs ?? []).map((each) => ({ value: each.key, label: nameOfOrganization(each) }))
  ).filter((each) => !known.includes(each.value));
  const late = words.trim() !== "" && (settled !== words.trim() || found.isFetching);
  const singular = noun === "contacts" ? "contact" : "organization";
  const make = async (typed: string) => {
    try {
      const { key, response } = await createNamed(noun, typed, teamKey);
      setMade((before) => [...before, key]);
      offerUndo(`Made ${knownName(noun, key)}`, response);
      return key;
    } catch (error) {
      failed(error);
      return null;
    }
  };
  return (
    <Picker
      many
      label={field.name}
      options={
        settled ? [...others, ...mine.filter((each) => each.label.toLowerCase().includes(settled.toLowerCase()))] : mine
      }
      chosen={chosen}
      typed={typed}
      onSearch={setWords}
      busy={late}
      nothing={
        settled ? "Nothing of that name" : `Type a name or ${noun === "contacts" ? "an e-mail address" : "a domain"}`
      }
      create={(typed) => (late ? null : { value: `new ${typed}`, label: `New ${singular} “${typed}”` })}
      onCreate={make}
      onDone={(keys) => onSave(keys.length ? keys : null)}
      onCancel={onCancel}
    />
  );
}

const DrawContacts = (props: DrawProps) => <DrawLinks noun="contacts" {...props} />;
const EditContacts = (props: EditProps) => <EditLinks noun="contacts" {...props} />;
const DrawOrganizations = (props: DrawProps) => <DrawLinks noun="organizations" {...props} />;
const EditOrganizations = (props: EditProps) => <EditLinks noun="organizations" {...props} />;

/** Names separated by semicolons, because a name may contain a comma: `Acme, Inc.` */
export function namesIn(noun: Noun, value: unknown): string {
  return keysIn(value)
    .map((key) => knownName(noun, key) ?? key)
    .join("; ");
}

function common(noun: Noun): Pick<FieldKind, "compare" | "asText" | "fromText"> {
  return {
    compare: (a, b) => compareValues(keysIn(a).length, keysIn(b).length),
    asText: (value) => namesIn(noun, value),
    fromText: (words, _field, teamKey) => linksNamed(noun, words, teamKey),
  };
}

/** The keys of the named entries; null for empty text; undefined if a name is not found or not unique. */
export async function linksNamed(noun: Noun, words: string, teamKey: string): Promise<string[] | null | undefined> {
  const keys = new Set<string>();
  for (const part of parts(words, /[;\n]/)) {
    const whole = await keyNamed(noun, part, teamKey);
    const several = whole ? [whole] : await Promise.all(parts(part, /,/).map((each) => keyNamed(noun, each, teamKey)));
    for (const key of several) {
      if (key === undefined) return undefined;
      keys.add(key);
    }
  }
  return keys.size ? [...keys] : null;
}

function parts(words: string, between: RegExp): string[] {
  return words
    .split(between)
    .map((each) => each.trim())
    .filter(Boolean);
}

export const contacts: FieldKind = {
  ...common("contacts"),
  label: "Contacts",
  icon: IconAddressBook,
  Draw: DrawContacts,
  Edit: EditContacts,
};

export const organizations: FieldKind = {
  ...common("organizations"),
  label: "Organizations",
  icon: IconBuilding,
  Draw: DrawOrganizations,
  Edit: EditOrganizations,
};
