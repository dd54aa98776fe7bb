import { Button, Table, Text, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import classes from "../integrations/integrations.module.css";

const SESSIONS = ["get", "/v2/sessions"] as const;

/** Section that lists the browsers in which the user is signed in. */
export function Sessions() {
  const query = api.useQuery(...SESSIONS, {});
  const ended = (words: string) => () => {
    say(words);
    return queries.invalidateQueries({ queryKey: SESSIONS });
  };
  const end = useMutation({
    mutationFn: (key: string) => client.DELETE("/v2/sessions/{session}", { params: { path: { session: key } } }),
    onSuccess: ended("That browser is signed out"),
  });
  const endOthers = useMutation({
    mutationFn: () => client.DELETE("/v2/sessions", {}),
    onSuccess: ended("Every other browser is signed out"),
  });
  const several = (query.data?.results ?? []).length > 1;
  return (
    <section aria-label="Sessions">
      <header className={classes.head}>
        <div>
          <Title order={2}>Where you are signed in</Title>
          <Text component="p" className="quiet">
            A session is over after two weeks without use.
          </Text>
        </div>
        {several && (
          <Button variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>
            Sign all others out
          </Button>
        )}
      </header>
      <Ready query={query}>
        {({ results }) => (
          <Rows heads={["Browser", "Address", "Since", "Last used", null]}>
            {results.map((each) => (
              <Table.Tr key={each.key}>
                <Table.Td className={classes.wide} title={each.browser}>
                  {each.browser || <span className="quiet">Unknown</span>}
                </Table.Td>
                <Table.Td className="numbers">{each.address}</Table.Td>
                <Table.Td>
                  <Moment at={each.creationTimestamp} />
                </Table.Td>
                <Table.Td>
                  <Moment at={each.lastUsedTimestamp} />
                </Table.Td>
                <Table.Td align="right">
                  {each.current ? (
                    <span className="quiet">this one</span>
                  ) : (
                    <Button variant="subtle" color="red" size="compact-xs" onClick={() => end.mutate(each.key)}>
                      Sign out
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Rows>
        )}
      </Ready>
    </section>
  );
}
