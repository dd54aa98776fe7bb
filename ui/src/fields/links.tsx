import { useDebouncedValue } from "@mantine/hooks";
import { IconAddressBook, IconBuilding } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { api } from "../api/client";
import { type Noun, nameOfContact, useNames } from "../api/names";
import { compareValues } from "./compare";
import type { DrawProps, EditProps, FieldKind } from "./kinds";
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

function EditLinks({ noun, field, value, teamKey, onSave, onCancel, typed }: EditProps & Linked) {
  const chosen = keysIn(value);
  const [words, setWords] = useState(typed ?? "");
  const [asked] = useDebouncedValue(words.trim(), 120);
  const names = useNames(noun, chosen);
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { query: asked, teamKey, limit: 20 } } },
    { enabled: asked !== "", placeholderData: keepPreviousData, meta: { live: true } },
  );
  const mine = chosen.map((key, at) => ({ value: key, label: names[at] ?? key }));
  const results = found.data?.results;
  const others = (
    noun === "contacts"
      ? (results?.contacts ?? []).map((each) => ({ value: each.key, label: nameOfContact(each) }))
      : (results?.orgs ?? []).map((each) => ({ value: each.key, label: each.name ?? each.domains[0] ?? each.key }))
  ).filter((each) => !chosen.includes(each.value));
  return (
    <Picker
      many
      label={field.name}
      options={asked ? [...others, ...mine] : mine}
      chosen={chosen}
      typed={typed}
      onSearch={setWords}
      nothing={asked ? "Nothing of that name" : "Type a name or an e-mail address"}
      onDone={(keys) => onSave(keys.length ? keys : null)}
      onCancel={onCancel}
    />
  );
}

const DrawContacts = (props: DrawProps) => <DrawLinks noun="contacts" {...props} />;
const EditContacts = (props: EditProps) => <EditLinks noun="contacts" {...props} />;
const DrawOrganizations = (props: DrawProps) => <DrawLinks noun="organizations" {...props} />;
const EditOrganizations = (props: EditProps) => <EditLinks noun="organizations" {...props} />;

const common: Pick<FieldKind, "compare" | "asText" | "fromText"> = {
  compare: (one, other) => compareValues(keysIn(one).length, keysIn(other).length),
  asText: (value) => keysIn(value).join(", "),
  fromText: async (words) => {
    const keys = words
      .split(",")
      .map((each) => each.trim())
      .filter(Boolean);
    return keys.length ? keys : null;
  },
};

export const contacts: FieldKind = {
  ...common,
  label: "Contacts",
  icon: IconAddressBook,
  Draw: DrawContacts,
  Edit: EditContacts,
};

export const organizations: FieldKind = {
  ...common,
  label: "Organizations",
  icon: IconBuilding,
  Draw: DrawOrganizations,
  Edit: EditOrganizations,
};
