import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { InboundCreate, InboundOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { ShownOnce } from "../components/ShownOnce";

const SIGNATURES = [
  { value: "NONE", label: "None: anyone with the address" },
  { value: "STANDARD", label: "Standard Webhooks" },
  { value: "GITHUB", label: "GitHub, Meta" },
  { value: "STRIPE", label: "Stripe" },
  { value: "SLACK", label: "Slack" },
  { value: "ZOOM", label: "Zoom" },
  { value: "DROPBOX", label: "Dropbox" },
  { value: "SHARED", label: "A secret in a header" },
];
/** The name of the secret at the services that issue it. */
const ISSUED: Record<string, string> = {
  STRIPE: "Signing secret of Stripe",
  SLACK: "Signing Secret of the Slack app",
  ZOOM: "Secret Token of the Zoom app",
  DROPBOX: "App secret of the Dropbox app",
};

type Props = { pipeline: string; inbound?: InboundOut; onClose: () => void };

/** Creates or changes an inbound webhook. Its address and secret are shown once. */
export function InboundForm({ pipeline, inbound, onClose }: Props) {
  const [name, setName] = useState(inbound?.name ?? "");
  const [method, setMethod] = useState(inbound?.method ?? "POST");
  const [signature, setSignature] = useState(inbound?.signature ?? "NONE");
  const [signatureHeader, setSignatureHeader] = useState(inbound?.signatureHeader ?? "");
  const [secret, setSecret] = useState("");
  const [verifyToken, setVerifyToken] = useState("");
  const [addresses, setAddresses] = useState((inbound?.addresses ?? []).join(", "));
  const [repeatHeader, setRepeatHeader] = useState(inbound?.repeatHeader ?? "");
  const [condition, setCondition] = useState(inbound?.condition ?? "");
  const [created, setCreated] = useState<InboundOut | null>(null);
  const form = useForm(async () => {
    const body = {
      name: name.trim(),
      method,
      signature,
      ...(signature === "SHARED" ? { signatureHeader: signatureHeader.trim() } : {}),
      ...(secret.trim() && (signature in ISSUED || signature === "GITHUB") ? { secret: secret.trim() } : {}),
      ...(verifyToken.trim() && signature === "GITHUB" ? { verifyToken: verifyToken.trim() } : {}),
      addresses: addresses.split(/[\s,]+/).filter(Boolean),
      repeatHeader: repeatHeader.trim() || null,
      condition: condition.trim() || null,
    } as InboundCreate;
    const { data } = inbound
      ? await client.POST("/v2/inbound/{inbound}", { params: { path: { inbound: inbound.key } }, body })
      : await client.POST("/v2/pipelines/{pipeline}/inbound", { params: { path: { pipeline } }, body });
    await queries.invalidateQueries({
      predicate: ({ queryKey }) => /inbound|endpoints/.test(String(queryKey[1])),
    });
    const answer = data as InboundOut;
    if (answer.url || answer.secret) setCreated(answer);
    else onClose();
  });
  if (created) return <InboundSecrets created={created} onClose={onClose} />;
  const names = [
    ...["name", "method", "signature", "signatureHeader", "secret", "verifyToken"],
    ...["addresses", "repeatHeader", "condition"],
  ];
  const at = (field: string) => errorAt(form.error, field);
  return (
    <Modal opened onClose={onClose} size="lg" title={inbound ? "Change the inbound webhook" : "New inbound webhook"}>
      <form onSubmit={form.submit}>
        <Stack>
          <TextInput
            label="Name"
            placeholder="Website form"
            required
            data-autofocus
            value={name}
            error={at("name")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Group grow align="flex-start">
            <Select
              label="Method"
              data={["POST", "GET", "PUT", "PATCH"]}
              value={method}
              allowDeselect={false}
              error={at("method")}
              onChange={(value) => value && setMethod(value)}
            />
            <Select
              label="Signature"
              data={SIGNATURES}
              value={signature}
              allowDeselect={false}
              error={at("signature")}
              onChange={(value) => value && setSignature(value)}
            />
          </Group>
          {signature === "SHARED" && (
            <TextInput
              label="The header that holds the secret"
              placeholder="X-Secret"
              required
              value={signatureHeader}
              error={at("signatureHeader")}
              onChange={(event) => setSignatureHeader(event.currentTarget.value)}
            />
          )}
          {(signature in ISSUED || signature === "GITHUB") && (
            <TextInput
              label={ISSUED[signature] ?? "Secret"}
              description={
                inbound?.signature === signature
                  ? "Leave empty to keep the present secret"
                  : signature === "GITHUB"
                    ? "Your own or Meta's app secret; if empty, Boxwood creates one"
                    : undefined
              }
              required={signature in ISSUED && inbound?.signature !== signature}
              autoComplete="off"
              value={secret}
              error={at("secret")}
              onChange={(event) => setSecret(event.currentTarget.value)}
            />
          )}
          {signature === "GITHUB" && (
            <TextInput
              label="Verify token"
              description={
                inbound?.hasVerifyToken
                  ? "Leave empty to keep the present token"
                  : "For Meta: the text that you enter there, too"
              }
              autoComplete="off"
              value={verifyToken}
              error={at("verifyToken")}
              onChange={(event) => setVerifyToken(event.currentTarget.value)}
            />
          )}
          <TextInput
            label="Only from these addresses"
            description="Addresses or networks such as 203.0.113.0/24; empty for all"
            value={addresses}
            error={at("addresses")}
            onChange={(event) => setAddresses(event.currentTarget.value)}
          />
          <TextInput
            label="Header that names a repeated request"
            description="A request whose value of it came before starts nothing"
            placeholder="X-GitHub-Delivery"
            value={repeatHeader}
            error={at("repeatHeader")}
            onChange={(event) => setRepeatHeader(event.currentTarget.value)}
          />
          <TextInput
            label="Only requests for which this holds"
            description="In CEL, over method, query, headers and body"
            placeholder='body.action == "opened"'
            value={condition}
            error={at("condition")}
            onChange={(event) => setCondition(event.currentTarget.value)}
          />
          <Refusal error={names.some(at) ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              {inbound ? "Save" : "Create"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The new address or secret. */
export function InboundSecrets({ created, onClose }: { created: InboundOut; onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} size="lg" title={created.name} closeOnClickOutside={false}>
      <Stack>
        {created.url && (
          <ShownOnce label="Address" value={created.url}>
            Have the other program send its {created.method} requests there.
          </ShownOnce>
        )}
        {created.secret && <ShownOnce label="Secret" value={created.secret} />}
        <Text size="sm" className="quiet">
          What is sent to it starts the automations that wait for this inbound webhook.
        </Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
