import { ActionIcon, Button, Group, Tabs, Title, Tooltip } from "@mantine/core";
import { IconDownload, IconPencil, IconPlus, IconUsersGroup } from "@tabler/icons-react";
import { useState } from "react";
import { useEvents } from "../api/live";
import { useMe } from "../api/session";
import { Empty, Ready } from "../components/states";
import { TeamChoice, useTeam } from "../directory/Team";
import classes from "../integrations/integrations.module.css";
import { useSearch } from "../lib/search";
import { Audit } from "../team/Audit";
import { NameForm } from "../team/NameForm";
import { People } from "../team/People";
import { refreshTeams } from "../team/refresh";
import { isOwner } from "../team/roles";
import { Suppressions } from "../team/Suppressions";
import { Tracking } from "../team/Tracking";

const SECTIONS = ["people", "email", "audit"] as const;

/** Screen of a team: members, invitations, e-mail and the audit log. */
export default function Team() {
  const me = useMe();
  const { query, team, teams, choose } = useTeam();
  const [search, setSearch] = useSearch();
  const [naming, setNaming] = useState<"this" | "new" | null>(null);
  useEvents(({ kind }) => {
    if (/^(member|team)\./.test(kind)) void refreshTeams();
  });
  const section = SECTIONS.find((each) => each === search.get("section")) ?? "people";
  const show = (name: string | null) =>
    setSearch(name && name !== "people" ? { ...kept(team?.key), section: name } : kept(team?.key));
  const make = (
    <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => setNaming("new")}>
      New team
    </Button>
  );
  return (
    <div className={classes.page}>
      <Ready query={query}>
        {() =>
          team ? (
            <>
              <Group justify="space-between" gap="xs">
                <Group gap={6} wrap="nowrap">
                  <Title order={1}>{team.name}</Title>
                  {isOwner(team, me.key) && (
                    <Tooltip label="Rename">
                      <ActionIcon aria-label="Rename the team" onClick={() => setNaming("this")}>
                        <IconPencil size={16} />
                      </ActionIcon>
                    </Tooltip>
                  )}
                </Group>
                <Group gap="xs">
                  {isOwner(team, me.key) && (
                    <Button
                      component="a"
                      variant="default"
                      leftSection={<IconDownload size={15} />}
                      href={`/api/v2/teams/${team.key}/archive`}
                      download={`${team.name}.tar`}
                    >
                      Download an archive
                    </Button>
                  )}
                  <TeamChoice teams={teams} team={team} choose={choose} />
                  {make}
                </Group>
              </Group>
              <Tabs value={section} onChange={show} keepMounted={false}>
                <Tabs.List mb="lg">
                  <Tabs.Tab value="people">People</Tabs.Tab>
                  <Tabs.Tab value="email">E-mail</Tabs.Tab>
                  <Tabs.Tab value="audit">Audit log</Tabs.Tab>
                </Tabs.List>
                <Tabs.Panel value="people" className={classes.sections}>
                  <People key={team.key} team={team} />
                </Tabs.Panel>
                <Tabs.Panel value="email" className={classes.sections}>
                  <Tracking team={team} />
                  <Suppressions key={team.key} team={team} />
                </Tabs.Panel>
                <Tabs.Panel value="audit">
                  <Audit team={team} />
                </Tabs.Panel>
              </Tabs>
            </>
          ) : (
            <Empty icon={IconUsersGroup} title="You are in no team" action={make}>
              A team shares its pipelines, contacts and organizations. Make one, or ask an owner of one to invite you.
            </Empty>
          )
        }
      </Ready>
      {naming && (
        <NameForm {...(naming === "this" && team ? { team } : {})} onClose={() => setNaming(null)} onMade={choose} />
      )}
    </div>
  );
}

function kept(team: string | undefined): Record<string, string> {
  return team ? { team } : {};
}
