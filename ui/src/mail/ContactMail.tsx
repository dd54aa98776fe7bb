import { Button, Text, Title } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import { api } from "../api/client";
import { Ready } from "../components/states";
import { Conversation } from "./Conversation";
import classes from "./mail.module.css";

/** The conversations with a contact in all boxes that the user sees, the newest first. */
export default function ContactMail({ contact }: { contact: string }) {
  const [open, setOpen] = useState<string | null>(null);
  const query = api.useInfiniteQuery(
    "get",
    "/v2/contacts/{contact}/threads",
    { params: { path: { contact } } },
    {
      pageParamName: "page",
      initialPageParam: 0,
      getNextPageParam: (last, pages) => (last.hasNextPage ? pages.length : undefined),
    },
  );
  return (
    <section aria-label="E-mail">
      <Title order={2} mb="xs">
        E-mail
      </Title>
      <Ready query={query}>
        {(data) => {
          const threads = data.pages.flatMap((page) => page.results);
          if (threads.length === 0) return <Text className="quiet">No e-mail with this contact yet.</Text>;
          return (
            <ul className={classes.conversations} aria-label="Conversations">
              {threads.map((thread) => (
                <Conversation
                  key={thread.key}
                  thread={thread}
                  open={open === thread.key}
                  onToggle={() => setOpen((before) => (before === thread.key ? null : thread.key))}
                  place={<Place box={thread.boxKey} />}
                />
              ))}
            </ul>
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
          Show older
        </Button>
      )}
    </section>
  );
}

function Place({ box }: { box: string }) {
  const query = api.useQuery("get", "/v1/boxes/{box}", { params: { path: { box } } });
  return (
    <Text size="xs" className={classes.place}>
      in <Link to={`/boxes/${box}?tab=email`}>{query.data?.name ?? "…"}</Link>
    </Text>
  );
}
