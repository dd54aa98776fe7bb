import { Anchor, Button, Group, Modal, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import type { Changes, Noun } from "./nouns";

/** Creates a contact or organization. While the user types, similar existing entries are shown. */
export function NewEntry({ noun, team, onClose }: { noun: Noun; team: string; onClose: () => void }) {
  const navigate = useNavigate();
  const [entered, setEntered] = useState<Changes>({});
  const form = useForm(async () => {
    const created = await noun.create(team, entered);
    await queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes(noun.path) });
    onClose();
    await navigate(`/${noun.path}/${created.key}`);
  });
  const members = noun.members.filter((each) => noun.newMembers.includes(each.name));
  const placed = members.some((each) => errorAt(form.error, each.name));
  const empty = !Object.values(entered).some((value) => (Array.isArray(value) ? value.length : value));
  return (
    <Modal opened onClose={onClose} title={`New ${noun.singular}`}>
      <form onSubmit={form.submit}>
        <Stack>
          {members.map((each, at) =>
            each.kind === "list" ? (
              <TagsInput
                key={each.name}
                label={each.label}
                error={errorAt(form.error, each.name)}
                value={(entered[each.name] as string[] | undefined) ?? []}
                splitChars={[",", " ", ";"]}
                acceptValueOnBlur
                onChange={(value) => setEntered((before) => ({ ...before, [each.name]: value }))}
              />
            ) : (
              <TextInput
                key={each.name}
                label={each.label}
                data-autofocus={at === 0 || undefined}
                error={errorAt(form.error, each.name)}
                value={(entered[each.name] as string | undefined) ?? ""}
                onChange={(event) => {
                  const { value } = event.currentTarget;
                  setEntered((before) => ({ ...before, [each.name]: value }));
                }}
              />
            ),
          )}
          <SimilarEntries noun={noun} team={team} entered={entered} onClose={onClose} />
          <Refusal error={placed ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy} disabled={empty}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

type SimilarEntriesProps = { noun: Noun; team: string; entered: Changes; onClose: () => void };

/** Existing entries with the typed address, domain or name. */
function SimilarEntries({ noun, team, entered, onClose }: SimilarEntriesProps) {
  const lists = [...(entered.emailAddresses ?? []), ...(entered.domains ?? [])];
  const name = [entered.givenName, entered.familyName, entered.name].filter(Boolean).join(" ");
  const [words] = useDebouncedValue(lists[0] ?? name, 200);
  const query = useQuery({
    queryKey: ["already", noun.path, team, words],
    enabled: words.length > 2,
    queryFn: async () => noun.several((await noun.search(words, team)).slice(0, 3)),
  });
  if (words.length <= 2 || !query.data || query.data.length === 0) return null;
  return (
    <Text size="sm" role="status">
      Perhaps it is there already:{" "}
      {query.data.map((each, at) => (
        <span key={each.key}>
          {at > 0 && ", "}
          <Anchor component={Link} underline="always" to={`/${noun.path}/${each.key}`} onClick={onClose}>
            {noun.nameOf(each)}
          </Anchor>
        </span>
      ))}
    </Text>
  );
}
