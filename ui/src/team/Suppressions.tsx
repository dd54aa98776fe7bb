import { Button, Group, Table, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { SuppressionOut, TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { isOwner } from "./roles";

const SUPPRESSIONS = ["get", "/v2/suppressions"] as const;
const refresh = () => queries.invalidateQueries({ queryKey: SUPPRESSIONS });
const REASONS: Record<string, string> = {
  bounce: "It does not exist",
  complaint: "Marked e-mail as spam",
  unsubscribe: "Unsubscribed",
  manual: "Added by hand",
};

/** The addresses to which the team sends no e-mail. */
export function Suppressions({ team }: { team: TeamOut }) {
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), 200);
  const query = api.useInfiniteQuery(
    ...SUPPRESSIONS,
    { params: { query: { teamKey: team.key, ...(settled && { address: settled }) } } },
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  return (
    <section aria-label="No e-mail to">
      <div className={classes.head}>
        <div>
          <Title order={2}>No e-mail to</Title>
          <Text component="p" className="quiet">
            Addresses that unsubscribed or do not exist. Mailings and sequences leave them out.
          </Text>
        </div>
        <Button component="a" variant="default" href={`/api/v2/suppressions/export?teamKey=${team.key}`} download>
          Download
        </Button>
      </div>
      <Add team={team} />
      <TextInput
        mt="md"
        mb="xs"
        maw={380}
        aria-label="Find an address"
        placeholder="Find an address"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
      />
      <Ready query={query}>
        {(data) => {
          const found = data.pages.flatMap((page) => page.results);
          if (found.length === 0) {
            return (
              <Text size="sm" className="quiet">
                {settled ? "No such address." : "No addresses yet. Unsubscribed and failing addresses appear here."}
              </Text>
            );
          }
          return (
            <Rows heads={["Address", "Reason", "Since", null]} label="No e-mail to">
              {found.map((each) => (
                <Line key={each.key} team={team} suppression={each} />
              ))}
            </Rows>
          );
        }}
      </Ready>
      {query.hasNextPage && (
        <Button
          mt="xs"
          variant="default"
          size="compact-sm"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </section>
  );
}

function Add({ team }: { team: TeamOut }) {
  const [address, setAddress] = useState("");
  const form = useForm(async () => {
    const { response } = await client.POST("/v2/suppressions", {
      body: { address: address.trim(), reason: "manual", teamKey: team.key },
    });
    offerUndo(`No e-mail is sent to ${address.trim()}`, response);
    setAddress("");
    await refresh();
  });
  const wrong = errorAt(form.error, "address");
  return (
    <form onSubmit={form.submit}>
      <Group align="flex-start" gap="xs">
        <TextInput
          style={{ flex: 1, minWidth: 220 }}
          maw={380}
          label="Add an address"
          placeholder="zoe@client.example"
          required
          value={address}
          error={wrong}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <Button type="submit" mt={26} loading={form.busy} disabled={address.trim() === ""}>
          Add
        </Button>
      </Group>
      <Refusal error={wrong ? null : form.error} />
    </form>
  );
}

function Line({ team, suppression }: { team: TeamOut; suppression: SuppressionOut }) {
  const me = useMe();
  const { address, reason, text } = suppression;
  // After somebody unsubscribed or complained, only an owner may allow e-mail again.
  const mayRemove = isOwner(team, me.key) || reason === "manual" || reason === "bounce";
  const remove = useMutation({
    mutationFn: () =>
      client.DELETE("/v2/suppressions/{suppression}", { params: { path: { suppression: suppression.key } } }),
    onSuccess: ({ response }) => offerUndo(`E-mail to ${address} is allowed again`, response),
    onSettled: refresh,
  });
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>{address}</Table.Td>
      <Table.Td>
        <div>
          {REASONS[reason] ?? reason}
          {text && (
            <Text size="xs" className="quiet" style={{ whiteSpace: "normal" }} maw={320}>
              {text}
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td>
        <Moment at={suppression.creationTimestamp} />
      </Table.Td>
      <Table.Td align="right">
        {mayRemove && (
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={`Allow again ${address}`}
            loading={remove.isPending}
            onClick={() => remove.mutate()}
          >
            Allow again
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
