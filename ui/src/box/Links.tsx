import { useDebouncedValue } from "@mantine/hooks";
import { IconAddressBook, IconBuilding, IconLink } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { useEditBox } from "../api/boxes";
import { api } from "../api/client";
import { kindOf } from "../fields/kinds";
import { Picker } from "../fields/Picker";
import { useBoxAddress } from "./address";
import { useOpenBox } from "./context";
import classes from "./Fields.module.css";
import { InPlace } from "./InPlace";

const CONTACTS = { key: "contacts", name: "Contacts", type: "TEAM_CONTACT" };
const ORGANIZATIONS = { key: "organizations", name: "Organizations", type: "TEAM_ORGANIZATION" };

/** The contacts, organizations and other boxes that are linked to the box. */
export function Links() {
  const { box, pipeline, mayEdit } = useOpenBox();
  const { mutate: edit } = useEditBox();

  function links(noun: "contacts" | "organizations", field: typeof CONTACTS, icon: ReactNode) {
    const { Draw, Edit } = kindOf(field);
    const held = box[noun] ?? [];
    const keys = held.map((each) => each.key);
    const save = (value: unknown) => {
      const next = ((value ?? []) as string[]).map((key) => held.find((each) => each.key === key) ?? { key });
      edit({ box, edit: { [noun]: next }, says: `${field.name} changed` });
    };
    return (
      <Line icon={icon} name={field.name}>
        <InPlace
          label={field.name}
          value={keys}
          empty="None"
          draw={<Draw field={field} value={keys} />}
          edit={
            Edit && mayEdit
              ? (close) => (
                  <Edit
                    field={field}
                    value={keys}
                    teamKey={pipeline.teamKey}
                    onSave={(value) => {
                      save(value);
                      close();
                    }}
                    onCancel={close}
                  />
                )
              : null
          }
        />
      </Line>
    );
  }

  return (
    <dl className={classes.fields}>
      {links("contacts", CONTACTS, <IconAddressBook size={15} stroke={1.6} />)}
      {links("organizations", ORGANIZATIONS, <IconBuilding size={15} stroke={1.6} />)}
      <Line icon={<IconLink size={15} stroke={1.6} />} name="Linked boxes">
        <InPlace
          label="Linked boxes"
          value={box.linkedBoxKeys}
          empty="None"
          draw={box.linkedBoxKeys.map((key, at) => (
            <span key={key}>
              {at > 0 && ", "}
              <BoxName box={key} />
            </span>
          ))}
          edit={
            mayEdit
              ? (close) => (
                  <PickBoxes
                    chosen={box.linkedBoxKeys}
                    own={box.key}
                    teamKey={pipeline.teamKey}
                    onDone={(linkedBoxKeys) => {
                      edit({ box, edit: { linkedBoxKeys }, says: "Linked boxes changed" });
                      close();
                    }}
                    onCancel={close}
                  />
                )
              : null
          }
        />
      </Line>
    </dl>
  );
}

function Line({ icon, name, children }: { icon: ReactNode; name: string; children: ReactNode }) {
  return (
    <div className={classes.field}>
      <dt>
        {icon}
        <span className="cut">{name}</span>
      </dt>
      <dd>{children}</dd>
    </div>
  );
}

function BoxName({ box }: { box: string }) {
  const query = api.useQuery("get", "/v1/boxes/{box}", { params: { path: { box } } });
  const address = useBoxAddress();
  if (query.isError) return <span className={classes.unset}>(no longer there)</span>;
  return (
    <Link className="plain" to={address(box)} onClick={(event) => event.stopPropagation()}>
      {query.data?.name ?? "…"}
    </Link>
  );
}

type PickBoxesProps = {
  chosen: string[];
  own: string;
  teamKey: string;
  onDone: (keys: string[]) => void;
  onCancel: () => void;
};

function PickBoxes({ chosen, own, teamKey, onDone, onCancel }: PickBoxesProps) {
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 120);
  const found = api.useQuery(
    "get",
    "/v1/search",
    { params: { query: { query: settled, teamKey, limit: 20 } } },
    { enabled: settled !== "", placeholderData: keepPreviousData, meta: { live: true } },
  );
  const mine = chosen.map((key) => ({ value: key, label: key, shown: <BoxName box={key} /> }));
  const others = (found.data?.results.boxes ?? [])
    .filter((each) => each.boxKey !== own && !chosen.includes(each.boxKey))
    .map((each) => ({ value: each.boxKey, label: each.name }));
  return (
    <Picker
      many
      label="Linked boxes"
      options={settled ? [...others, ...mine] : mine}
      chosen={chosen}
      onSearch={setWords}
      nothing={settled ? "No box of that name" : "Type the name of a box"}
      onDone={onDone}
      onCancel={onCancel}
    />
  );
}
