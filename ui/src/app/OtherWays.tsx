import { Alert, Anchor, Button, Divider, Stack } from "@mantine/core";
import { useEffect, useState } from "react";
import { askForReset, signInByPasskey, type Ways, waysToSignIn } from "../api/session";
import { Refusal } from "./Refusal";

/** The ways to sign in besides a password that this server offers. */
export function OtherWays({ email }: { email: string }) {
  const [ways, setWays] = useState<Ways | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [resetFor, setResetFor] = useState("");
  useEffect(() => {
    // If this request fails, the user can still sign in with a password.
    waysToSignIn().then(setWays, () => setWays(null));
  }, []);
  if (ways === null || !(ways.mail || ways.passkeys || ways.providerUrl)) return null;

  const attempt = async (way: () => Promise<void>) => {
    setError(null);
    setResetFor("");
    try {
      await way();
    } catch (refusal) {
      setError(refusal);
    }
  };
  const forgot = async () => {
    await askForReset(email);
    setResetFor(email);
  };
  const here = `${location.pathname}${location.search}${location.hash}`;
  return (
    <Stack gap="sm">
      {ways.mail && (
        <Anchor component="button" type="button" size="sm" onClick={() => void attempt(forgot)}>
          Forgot your password?
        </Anchor>
      )}
      {resetFor !== "" && (
        <Alert color="green" p="xs" role="status">
          If {resetFor} is known here, a link for another password is on its way.
        </Alert>
      )}
      {(ways.passkeys || ways.providerUrl) && <Divider label="or" />}
      {ways.passkeys && (
        <Button variant="default" size="sm" onClick={() => void attempt(signInByPasskey)}>
          Use a passkey
        </Button>
      )}
      {ways.providerUrl && (
        <Button variant="default" size="sm" component="a" href={`${ways.providerUrl}?next=${encodeURIComponent(here)}`}>
          Continue with {ways.provider}
        </Button>
      )}
      <Refusal error={error} />
    </Stack>
  );
}
