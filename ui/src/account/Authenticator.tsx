import { Button, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { api, client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { AuthenticatorOut, FactorsOut, RecoveryCodesOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Moment } from "../components/Moment";
import { Copyable, ShownOnce } from "../components/ShownOnce";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { AskPassword } from "./AskPassword";
import { QrCode } from "./QrCode";

const FACTORS = ["get", "/v2/session/factors"] as const;
const refresh = () => queries.invalidateQueries({ queryKey: FACTORS });

/** Section for two-factor authentication with an authenticator app. */
export function Authenticator() {
  const query = api.useQuery(...FACTORS, {});
  return (
    <section aria-label="Authenticator app">
      <Title order={2}>Authenticator app</Title>
      <Ready query={query}>{(state) => <Factor state={state} />}</Ready>
    </section>
  );
}

type Step = "begin" | "renew" | "remove" | { secret: AuthenticatorOut } | { codes: string[] } | null;

function Factor({ state }: { state: FactorsOut }) {
  const [step, setStep] = useState<Step>(null);
  const close = () => setStep(null);
  const shown = async (codes: RecoveryCodesOut) => {
    setStep({ codes: codes.recoveryCodes });
    await refresh();
  };
  return (
    <Stack gap="sm" align="flex-start" mt={4}>
      {state.authenticator ? (
        <>
          <Text className="quiet">
            Signing in takes a code
            {state.since && (
              <>
                {" "}
                since <Moment at={state.since} />
              </>
            )}
            . Recovery codes left: <span className="numbers">{state.recoveryCodesLeft}</span>
          </Text>
          <Group gap="xs">
            <Button variant="default" onClick={() => setStep("renew")}>
              New recovery codes
            </Button>
            <Button variant="default" color="red" onClick={() => setStep("remove")}>
              Remove the authenticator
            </Button>
          </Group>
        </>
      ) : (
        <>
          <Text className="quiet">
            With an app on your phone, signing in takes a code besides the password. API keys go on as before.
          </Text>
          <Button variant="default" onClick={() => setStep("begin")}>
            Set up an authenticator
          </Button>
        </>
      )}
      {step === "begin" && (
        <AskPassword
          title="Set up an authenticator"
          action="Go on"
          onClose={close}
          send={async (password) => {
            const { data } = await client.POST("/v2/session/totp", { body: { password } });
            setStep({ secret: data as AuthenticatorOut });
          }}
        />
      )}
      {step === "renew" && (
        <AskPassword
          title="New recovery codes"
          action="Make ten others"
          onClose={close}
          send={async (password) => {
            const { data } = await client.POST("/v2/session/totp/codes", { body: { password } });
            await shown(data as RecoveryCodesOut);
          }}
        >
          Those you have are worth nothing from then on.
        </AskPassword>
      )}
      {step === "remove" && (
        <AskPassword
          title="Remove the authenticator?"
          action="Remove"
          onClose={close}
          send={async (password) => {
            await client.POST("/v2/session/totp/remove", { body: { password } });
            say("The authenticator is removed");
            close();
            await refresh();
          }}
        >
          The password alone is enough to sign in again, and the recovery codes are gone.
        </AskPassword>
      )}
      {step !== null && typeof step === "object" && "secret" in step && (
        <Confirm secret={step.secret} onDone={shown} onClose={close} />
      )}
      {step !== null && typeof step === "object" && "codes" in step && <Codes codes={step.codes} onClose={close} />}
    </Stack>
  );
}

type ConfirmProps = {
  secret: AuthenticatorOut;
  onDone: (codes: RecoveryCodesOut) => Promise<void>;
  onClose: () => void;
};

function Confirm({ secret, onDone, onClose }: ConfirmProps) {
  const [code, setCode] = useState("");
  const form = useForm(async () => {
    const { data } = await client.POST("/v2/session/totp/confirm", { body: { code: code.replaceAll(" ", "") } });
    await onDone(data as RecoveryCodesOut);
  });
  const at = errorAt(form.error, "code");
  return (
    <Modal opened onClose={onClose} title="Set up an authenticator" closeOnClickOutside={false}>
      <form onSubmit={form.submit}>
        <Stack>
          <Text size="sm">Scan this with the app, or type the secret into it; then type the code it shows.</Text>
          <Group justify="center">
            <QrCode text={secret.uri} label="QR code for the authenticator app" />
          </Group>
          <Copyable label="Secret" value={secret.secret} />
          <TextInput
            label="Code"
            inputMode="numeric"
            autoComplete="one-time-code"
            data-autofocus
            required
            value={code}
            error={at}
            onChange={(event) => setCode(event.currentTarget.value)}
          />
          <Refusal error={at ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              Confirm
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size="lg" title="For the day the app is lost" closeOnClickOutside={false}>
      <Stack>
        <ShownOnce label="Recovery codes" value={codes.join("\n")}>
          Each signs you in once. Keep them where you keep passwords.
        </ShownOnce>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have them</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
