/** States of a screen without content: empty, loading, failed. */
import { Button, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconCloudOff, IconLock, IconMoodConfuzed, type TablerIcon } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { messageOf, Problem } from "../api/problem";

type EmptyProps = { icon: TablerIcon; title: string; children?: ReactNode; action?: ReactNode };

/** Says what belongs here and how to add it. */
export function Empty({ icon: Icon, title, children, action }: EmptyProps) {
  return (
    <Stack align="center" justify="center" gap="xs" p="xl" mih={240} ta="center">
      <ThemeIcon size={44} radius="xl" variant="light" color="gray">
        <Icon size={24} stroke={1.6} />
      </ThemeIcon>
      <Title order={2}>{title}</Title>
      {children && (
        <Text className="quiet" maw={420}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}

/** A refusal or failure in the server's words, by its kind. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const again = retry && (
    <Button variant="default" onClick={retry}>
      Try again
    </Button>
  );
  if (error instanceof Problem && error.unreachable) {
    return (
      <Empty icon={IconCloudOff} title="The server cannot be reached" action={again}>
        Nothing is lost: this goes on by itself as soon as the server answers.
      </Empty>
    );
  }
  if (error instanceof Problem && error.status === 404) {
    return (
      <Empty icon={IconMoodConfuzed} title="Not found">
        It does not exist, or it is not shared with you. Ask its owner to share it.
      </Empty>
    );
  }
  if (error instanceof Problem && error.status === 403) {
    return (
      <Empty icon={IconLock} title="You may not see this">
        {messageOf(error)}
      </Empty>
    );
  }
  return (
    <Empty icon={IconMoodConfuzed} title="This did not work" action={again}>
      {messageOf(error)}
    </Empty>
  );
}

/** Grey placeholders for rows. */
export function Loading({ rows = 8 }: { rows?: number }) {
  return (
    <Stack gap="xs" p="md" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <Skeleton key={at} height={22} width={`${92 - ((at * 17) % 40)}%`} />
      ))}
    </Stack>
  );
}

type ReadyProps<T> = { query: UseQueryResult<T, unknown>; loading?: ReactNode; children: (data: T) => ReactNode };

/** Draws the result of the query, or the state the query is in: loading or failed. */
export function Ready<T>({ query, loading, children }: ReadyProps<T>) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return loading ?? <Loading />;
}
