import { Button, Group, Select, Table, Text, TextInput, Title } from "@mantine/core";
import { IconBan } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link } from "react-router";
import { api, client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { MailBlockOut, TeamOut } from "../api/schema";
import { useMe } from "../api/session";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { addressOrDomain } from "../mail/addresses";
import { isOwner } from "../team/roles";

const BLOCKS = ["get", "/v2/mail/blocks"] as const;
const refresh = () => queries.invalidateQueries({ queryKey: BLOCKS });

/** Screen with the senders whose e-mail is never stored: the user's own, and those of the user's teams. */
export default function BlockedSenders() {
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const query = api.useInfiniteQuery(
    ...BLOCKS,
    {},
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <Title order={1}>Blocked senders</Title>
          <Text component="p" className="quiet">
            E-mail from these addresses and domains is never stored. E-mail that is on boxes already stays there.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/mail/blocks" }} />
          <Button component={Link} to="/mail/mailboxes" variant="default">
            Mailboxes
          </Button>
        </Group>
      </header>
      <Ready query={teams}>{({ results }) => <Add teams={results} />}</Ready>
      <Ready query={query}>
        {(data) => {
          const blocks = data.pages.flatMap((page) => page.results);
          if (blocks.length === 0) {
            return (
              <Empty icon={IconBan} title="No blocked senders">
                Block an address, or a domain with its subdomains.
              </Empty>
            );
          }
          return (
            <Rows heads={["Sender", "For", "Since", null]} label="Blocked senders">
              {blocks.map((each) => (
                <Line key={each.key} block={each} teams={teams.data?.results ?? []} />
              ))}
            </Rows>
          );
        }}
      </Ready>
      {query.hasNextPage && (
        <Group>
          <Button
            variant="default"
            size="compact-sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
    </div>
  );
}

function Add({ teams }: { teams: TeamOut[] }) {
  const me = useMe();
  const [sender, setSender] = useState("");
  const [team, setTeam] = useState(teams[0]?.key ?? "");
  const [forTeam, setForTeam] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const chosen = teams.find((each) => each.key === team);
  const owns = chosen !== undefined && isOwner(chosen, me.key);
  const form = useForm(async () => {
    const { response } = await client.POST("/v2/mail/blocks", {
      body: { ...addressOrDomain(sender), teamKey: team, forTeam: forTeam && owns },
    });
    offerUndo(`Blocked ${sender.trim()}`, response);
    setSender("");
    await refresh();
  });
  useCommands([
    {
      id: "block-sender",
      label: "Block a sender",
      section: "Blocked senders",
      keys: "c",
      run: () => input.current?.focus(),
    },
  ]);
  const error = errorAt(form.error, "address") ?? errorAt(form.error, "domain");
  return (
    <form onSubmit={form.submit}>
      <Group align="flex-start" gap="xs">
        <TextInput
          ref={input}
          style={{ flex: 1, minWidth: 220 }}
          maw={380}
          label="Address or domain"
          placeholder="news@shop.example or shop.example"
          required
          value={sender}
          error={error}
          onChange={(event) => setSender(event.currentTarget.value)}
        />
        {teams.length > 1 && (
          <Select
            w={180}
            label="Team"
            allowDeselect={false}
            data={teams.map(({ key, name }) => ({ value: key, label: name }))}
            value={team}
            onChange={(key) => key && setTeam(key)}
          />
        )}
        {owns && (
          <Select
            w={200}
            label="For"
            allowDeselect={false}
            data={[
              { value: "me", label: "My mailboxes" },
              { value: "team", label: "All of the team" },
            ]}
            value={forTeam ? "team" : "me"}
            onChange={(value) => setForTeam(value === "team")}
          />
        )}
        <Button type="submit" mt={26} loading={form.busy} disabled={sender.trim() === ""}>
          Block
        </Button>
      </Group>
      <Refusal error={error ? null : form.error} />
    </form>
  );
}

function Line({ block, teams }: { block: MailBlockOut; teams: TeamOut[] }) {
  const me = useMe();
  const sender = block.address ?? block.domain ?? "";
  const team = teams.find((each) => each.key === block.teamKey);
  const mayRemove = !block.forTeam || (team !== undefined && isOwner(team, me.key));
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/mail/blocks/{block}", { params: { path: { block: block.key } } }),
    onSuccess: ({ response }) => offerUndo(`E-mail from ${sender} is allowed again`, response),
    onSettled: refresh,
  });
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <div>
          {sender}
          {block.domain && (
            <Text span size="xs" className="quiet">
              {" "}
              and its subdomains
            </Text>
          )}
        </div>
      </Table.Td>
      <Table.Td>{block.forTeam ? `All mailboxes of ${team?.name ?? "the team"}` : "Your mailboxes"}</Table.Td>
      <Table.Td>
        <Moment at={block.creationTimestamp} />
      </Table.Td>
      <Table.Td align="right">
        {mayRemove && (
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={`Allow again ${sender}`}
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
