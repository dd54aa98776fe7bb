import { Button, Group, Menu, Table, Text, Title } from "@mantine/core";
import { IconPlus, IconSpeakerphone } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "react-router";
import { api } from "../api/client";
import type { MailingOut } from "../api/schema";
import { CopyAsCode } from "../components/CopyAsCode";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Empty, Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import mail from "../mail/mail.module.css";
import { beginMailing } from "../mailings/begin";
import { lettersOf, mailingState } from "../mailings/states";

/** Screen with the user's mailings. */
export default function Mailings() {
  const query = api.useInfiniteQuery(
    "get",
    "/v2/mailings",
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
          <Title order={1}>Mailings</Title>
          <Text component="p" className="quiet">
            One e-mail to many recipients. Each gets a letter with their own values.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: "/v2/mailings" }} />
          <New />
        </Group>
      </header>
      <Ready query={query}>
        {(data) => {
          const mailings = data.pages.flatMap((page) => page.results);
          if (mailings.length === 0) {
            return (
              <Empty icon={IconSpeakerphone} title="No mailings yet" action={<New />}>
                Write to all boxes of a pipeline or a view, or select boxes in a table and click E-mail.
              </Empty>
            );
          }
          return (
            <Rows heads={["Mailing", "State", "Sent", "Replied", "Changed"]} label="Mailings">
              {mailings.map((each) => (
                <Line key={each.key} mailing={each} />
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

/** Begins a mailing, of the team that the user chooses if they are in several. */
function New() {
  const navigate = useNavigate();
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const begin = useMutation({
    mutationFn: (team: string) => beginMailing(team, "New mailing"),
    onSuccess: (address) => navigate(address),
  });
  const own = teams.data?.results ?? [];
  const button = (onClick?: () => void) => (
    <Button leftSection={<IconPlus size={15} />} loading={begin.isPending} {...(onClick && { onClick })}>
      New mailing
    </Button>
  );
  if (own.length <= 1) return button(() => own[0] && begin.mutate(own[0].key));
  return (
    <Menu position="bottom-end">
      <Menu.Target>{button()}</Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Team</Menu.Label>
        {own.map(({ key, name }) => (
          <Menu.Item key={key} onClick={() => begin.mutate(key)}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Line({ mailing }: { mailing: MailingOut }) {
  const state = mailingState(mailing);
  return (
    <Table.Tr>
      <Table.Td className={classes.wide}>
        <div>
          <Link className={`cut ${classes.open}`} to={`/mail/mailings/${mailing.key}`}>
            {mailing.name}
          </Link>
          <Text size="xs" className="quiet cut">
            {mailing.subject || "Without a subject"}
          </Text>
        </div>
      </Table.Td>
      <Table.Td>
        <span className={mail.state} data-colour={state.colour}>
          {state.label}
        </span>
      </Table.Td>
      <Table.Td className="numbers">
        {mailing.counts.sent} of {lettersOf(mailing)}
      </Table.Td>
      <Table.Td className="numbers">{mailing.counts.replied}</Table.Td>
      <Table.Td>
        <Moment at={mailing.lastUpdatedTimestamp} />
      </Table.Td>
    </Table.Tr>
  );
}
