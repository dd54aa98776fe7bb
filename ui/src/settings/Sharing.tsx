import { Button, Group, Select, Stack, Switch, Text, Title } from "@mantine/core";
import { useState } from "react";
import { messageOf } from "../api/problem";
import type { AclEntry, PipelineOut } from "../api/schema";
import { Face, nameOf } from "../components/People";
import { PersonPicker, usePeople } from "../components/PersonPicker";
import { choices, inWords, NO_ACCESS, ROLES } from "./roles";
import { useEditPipeline } from "./save";
import classes from "./settings.module.css";

type Entry = { userKey: string; permissionSetName: string };

/** Section that sets who can see the pipeline and what they may do. */
export function Sharing({ pipeline }: { pipeline: PipelineOut }) {
  const edit = useEditPipeline(pipeline);
  const sets = choices(pipeline.customPermissionSets);
  const standard = pipeline.defaultPermissionSetName;
  const entries: Entry[] = pipeline.aclEntries.map(({ userKey, permissionSetName }) => ({
    userKey,
    permissionSetName,
  }));
  const put = (changed: Entry[]) => edit.mutate({ aclEntries: changed });
  return (
    <Stack gap="lg">
      <Title order={2}>Sharing</Title>
      <Stack gap="xs" maw={560}>
        <Switch
          label="Everyone in the team can reach it"
          checked={pipeline.teamWide}
          onChange={(event) => edit.mutate({ teamWide: event.currentTarget.checked })}
        />
        <Select
          label="What they may do, unless said otherwise below"
          data={withSet(sets, standard)}
          value={standard}
          allowDeselect={false}
          onChange={(value) => value && edit.mutate({ defaultPermissionSetName: value })}
        />
      </Stack>
      <Stack gap="xs">
        <Title order={3}>People</Title>
        <div className={classes.list}>
          {pipeline.aclEntries.map((each) => (
            <Person
              key={each.userKey}
              person={each}
              sets={sets}
              onRole={(role) =>
                put(
                  entries.map((entry) =>
                    entry.userKey === each.userKey ? { ...entry, permissionSetName: role } : entry,
                  ),
                )
              }
              onRemove={() => put(entries.filter((entry) => entry.userKey !== each.userKey))}
            />
          ))}
        </div>
        <Add pipeline={pipeline} sets={sets} onAdd={(added) => put([...entries, ...added])} />
        {edit.isError && (
          <Text c="red" size="sm" role="alert">
            {messageOf(edit.error)}
          </Text>
        )}
      </Stack>
      <dl className={classes.preview}>
        {[...ROLES, NO_ACCESS].map((each) => (
          <div key={each.value} style={{ display: "contents" }}>
            <dt>{each.label}</dt>
            <dd className="quiet" style={{ margin: 0 }}>
              {each.says}
            </dd>
          </div>
        ))}
      </dl>
    </Stack>
  );
}

type Choice = { value: string; label: string };
type PersonProps = { person: AclEntry; sets: Choice[]; onRole: (role: string) => void; onRemove: () => void };

function Person({ person, sets, onRole, onRemove }: PersonProps) {
  return (
    <div className={classes.line}>
      <Face person={person} />
      <Text span className={`cut ${classes.grow}`} title={person.email}>
        {nameOf(person)}
        <span className="quiet"> {person.email}</span>
      </Text>
      {person.isOwner ? (
        <Text span className="quiet">
          Owner
        </Text>
      ) : (
        <>
          <Select
            aria-label={`What ${nameOf(person)} may do`}
            w={136}
            data={withSet(sets, person.permissionSetName)}
            value={person.permissionSetName}
            allowDeselect={false}
            onChange={(value) => value && onRole(value)}
          />
          <Button variant="subtle" color="gray" size="compact-xs" onClick={onRemove}>
            Remove
          </Button>
        </>
      )}
    </div>
  );
}

/** The choices, with the present one also if it cannot be assigned. */
function withSet(sets: Choice[], name: string): Choice[] {
  return sets.some((each) => each.value === name) ? sets : [...sets, { value: name, label: inWords(name) }];
}

type AddProps = { pipeline: PipelineOut; sets: Choice[]; onAdd: (added: Entry[]) => void };

function Add({ pipeline, sets, onAdd }: AddProps) {
  const [people, setPeople] = useState<string[]>([]);
  const [role, setRole] = useState("__editAllPermissionSet__");
  const known = usePeople(pipeline.teamKey);
  const there = new Set(pipeline.aclEntries.map((each) => each.userKey));
  const left = [...known.keys()].filter((key) => !there.has(key));
  if (left.length === 0) return null;
  return (
    <Group gap="xs" align="flex-end">
      <PersonPicker
        className={classes.grow}
        label="Add people of the team"
        teamKey={pipeline.teamKey}
        value={people}
        onChange={(chosen) => setPeople(chosen.filter((key) => !there.has(key)))}
      />
      <Select
        aria-label="What they may do"
        w={136}
        data={sets}
        value={role}
        allowDeselect={false}
        onChange={(value) => value && setRole(value)}
      />
      <Button
        size="sm"
        disabled={people.length === 0}
        onClick={() => {
          onAdd(people.map((userKey) => ({ userKey, permissionSetName: role })));
          setPeople([]);
        }}
      >
        Add
      </Button>
    </Group>
  );
}
