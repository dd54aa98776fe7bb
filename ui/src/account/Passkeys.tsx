import { Button, Group, Table, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { Problem } from "../api/problem";
import { queries } from "../api/queries";
import type { PasskeyOptionsOut } from "../api/schema";
import { waysToSignIn } from "../api/session";
import { Moment } from "../components/Moment";
import { Rows } from "../components/Rows";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import classes from "../integrations/integrations.module.css";
import { AskPassword } from "./AskPassword";

const PASSKEYS = ["get", "/v2/session/passkeys"] as const;

/** Section for passkeys: keys stored on a device that sign the user in without a password. */
export function Passkeys() {
  const query = api.useQuery(...PASSKEYS, {});
  const ways = useQuery({ queryKey: ["ways to sign in"], queryFn: waysToSignIn });
  const [adding, dialog] = useDisclosure(false);
  const remove = useMutation({
    mutationFn: (key: string) =>
      client.DELETE("/v2/session/passkeys/{passkey}", { params: { path: { passkey: key } } }),
    onSuccess: () => {
      say("The passkey is removed");
      return queries.invalidateQueries({ queryKey: PASSKEYS });
    },
  });
  return (
    <section aria-label="Passkeys">
      <header className={classes.head}>
        <div>
          <Title order={2}>Passkeys</Title>
          <Text component="p" className="quiet">
            {ways.data?.passkeys === false
              ? "They need this server to be reached by a name and TLS: its operator sets BOXWOOD_URL."
              : "A phone, a computer or a stick signs you in by finger, face or PIN, without password and code."}
          </Text>
        </div>
        {ways.data?.passkeys && (
          <Button variant="default" onClick={dialog.open}>
            Add a passkey
          </Button>
        )}
      </header>
      <Ready query={query}>
        {({ results }) =>
          results.length > 0 && (
            <Rows heads={["", "", "", null]}>
              {results.map((each) => (
                <Table.Tr key={each.key}>
                  <Table.Td className={classes.wide}>{each.name || "Passkey"}</Table.Td>
                  <Table.Td className="quiet">
                    added <Moment at={each.creationTimestamp} />
                  </Table.Td>
                  <Table.Td className="quiet">
                    {each.lastUsedTimestamp ? (
                      <>
                        used <Moment at={each.lastUsedTimestamp} />
                      </>
                    ) : (
                      "never used"
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Group justify="flex-end">
                      <Button variant="subtle" color="red" size="compact-xs" onClick={() => remove.mutate(each.key)}>
                        Remove
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          )
        }
      </Ready>
      {adding && (
        <AskPassword
          title="Add a passkey"
          action="Add"
          naming="Name of the passkey"
          onClose={dialog.close}
          send={async (password, name) => {
            await add(password, name);
            dialog.close();
            say("The passkey is added");
            await queries.invalidateQueries({ queryKey: PASSKEYS });
          }}
        />
      )}
    </section>
  );
}

async function add(password: string, name: string): Promise<void> {
  const { data } = await client.POST("/v2/session/passkeys/options", { body: { password } });
  const json = (data as PasskeyOptionsOut).publicKey as unknown as PublicKeyCredentialCreationOptionsJSON;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
  const created = await navigator.credentials.create({ publicKey }).catch(() => null);
  if (!(created instanceof PublicKeyCredential)) throw new Problem(400, "No passkey was made");
  const credential = created.toJSON() as unknown as Record<string, unknown>;
  await client.POST("/v2/session/passkeys", { body: { credential, name } });
}
