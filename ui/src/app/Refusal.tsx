import { Alert } from "@mantine/core";
import { messageOf } from "../api/problem";

/** Shows in a form why the server refused it. */
export function Refusal({ error }: { error: unknown }) {
  if (error === null) return null;
  return (
    <Alert color="red" p="xs" role="alert">
      {messageOf(error)}
    </Alert>
  );
}
