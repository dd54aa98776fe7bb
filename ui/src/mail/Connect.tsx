import {
  Button,
  Group,
  Modal,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useState } from "react";
import { api, client } from "../api/client";
import { errorAt, errorWithin, messageOf } from "../api/problem";
import type { MailboxCreate, MailboxOut, TeamOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { say } from "../components/toasts";
import { DAY } from "../lib/dates";
import { connectionOf, PRESETS, type Preset, type Security, type Server, usualPort } from "./providers";
import { refreshMail } from "./refresh";
import { SHARES, type Share } from "./shares";

const SINCE = [
  { value: "", label: "All e-mail" },
  { value: "365", label: "The last year" },
  { value: "30", label: "The last 30 days" },
  { value: "0", label: "Only new e-mail" },
];
const SECURITY: { value: Security; label: string }[] = [
  { value: "tls", label: "TLS" },
  { value: "starttls", label: "STARTTLS" },
  { value: "none", label: "None" },
];

type Kind = "personal" | "shared" | "dropbox";
const KINDS: { value: Kind; label: string }[] = [
  { value: "personal", label: "Mine" },
  { value: "shared", label: "The team's" },
  { value: "dropbox", label: "Dropbox of the team" },
];
const EFFECTS: Record<Kind, string> = {
  personal: "Only e-mail of boxes is stored.",
  shared: "All its e-mail is stored.",
  dropbox: "Members send e-mail for a pipeline to it.",
};

/** Asks for what is needed to read a mailbox, and connects it. */
export function Connect({ onClose }: { onClose: () => void }) {
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const [preset, setPreset] = useState(PRESETS[0] as Preset);
  const [address, setAddress] = useState("");
  const [password, setPassword] = useState("");
  const [signsIn, setSignsIn] = useState(false);
  const [imap, setImap] = useState<Server>({ host: "", port: 993, security: "tls", user: "" });
  const [smtp, setSmtp] = useState<Server>({ host: "", port: 465, security: "tls", user: "" });
  const [kind, setKind] = useState<Kind>("personal");
  const [team, setTeam] = useState<string | null>(null);
  const [share, setShare] = useState<Share>("full");
  const [since, setSince] = useState("365");
  const [mayDeliver, setMayDeliver] = useState(false);
  const isDelivered = mayDeliver && kind !== "personal";
  const narrow = useMediaQuery("(max-width: 30em)", undefined, { getInitialValueInEffect: false }) ?? false;
  const usesProvider = !isDelivered && preset.provider !== undefined && (signsIn || !preset.hasPassword);
  const form = useForm(async () => {
    const body: MailboxCreate = {
      address: address.trim(),
      kind,
      ...(isDelivered ? { delivered: true } : connectionOf(preset, { address, password, signsIn, imap, smtp })),
      ...(team && { teamKey: team }),
      ...(kind === "personal" && { share }),
      ...(since && !isDelivered && { since: Date.now() - Number(since) * DAY }),
    };
    const { data } = await client.POST("/v2/mailboxes", { body });
    const mailbox = data as MailboxOut;
    if (usesProvider) {
      const params = { path: { mailbox: mailbox.key } };
      const { data: authorization } = await client.POST("/v2/mailboxes/{mailbox}/authorize", { params });
      location.assign((authorization as { url: string }).url);
      return;
    }
    say(
      isDelivered
        ? `Boxwood accepts e-mail for ${mailbox.address} from your mail server.`
        : `${mailbox.address} is connected. Its e-mail is read now.`,
    );
    onClose();
    await refreshMail();
  });
  const at = (...members: string[]) => members.map((each) => errorWithin(form.error, each)?.message).find(Boolean);
  const placed = at("address", "imap", "smtp", "share");
  return (
    <Modal opened onClose={onClose} title="Connect a mailbox" size="lg">
      <form onSubmit={form.submit}>
        <Stack>
          {!isDelivered && (
            <SegmentedControl
              aria-label="Provider"
              fullWidth
              orientation={narrow ? "vertical" : "horizontal"}
              data={PRESETS.map(({ value, label }) => ({ value, label }))}
              value={preset.value}
              onChange={(value) => setPreset(PRESETS.find((each) => each.value === value) ?? preset)}
            />
          )}
          <TextInput
            label="E-mail address"
            type="email"
            autoComplete="email"
            data-autofocus
            required
            value={address}
            error={errorAt(form.error, "address")}
            onChange={(event) => setAddress(event.currentTarget.value)}
          />
          {!isDelivered && preset.provider && preset.hasPassword && (
            <Switch
              label="Sign in at Google instead of with a password"
              description="The operator of this server must have registered it at Google."
              checked={signsIn}
              onChange={(event) => setSignsIn(event.currentTarget.checked)}
            />
          )}
          {usesProvider && (
            <Text size="sm" className="quiet">
              {preset.hasPassword ? "You continue at Google after this step." : preset.hint}
            </Text>
          )}
          {!usesProvider && !isDelivered && (
            <PasswordInput
              label={preset.value === "own" ? "Password" : "App password"}
              description={preset.hint}
              autoComplete="off"
              required
              value={password}
              error={errorAt(form.error, "imap.password")}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          )}
          {preset.value === "own" && !isDelivered && (
            <>
              <ServerFields
                kind="imap"
                title="Reading (IMAP)"
                server={imap}
                onChange={setImap}
                error={at("imap.host", "imap.port")}
              />
              <ServerFields kind="smtp" title="Sending (SMTP)" server={smtp} onChange={setSmtp} error={at("smtp")} />
            </>
          )}
          <Group grow align="flex-start">
            <Select
              label="Whose mailbox"
              allowDeselect={false}
              data={KINDS}
              value={kind}
              onChange={(value) => setKind((value ?? "personal") as Kind)}
              description={EFFECTS[kind]}
            />
            {!isDelivered && (
              <Select
                label="Older e-mail"
                allowDeselect={false}
                data={SINCE}
                value={since}
                onChange={(value) => setSince(value ?? "")}
                description="How far back it is read"
              />
            )}
          </Group>
          {kind !== "personal" && (
            <Switch
              label="Your mail server delivers its e-mail"
              description="Boxwood does not sign in. The operator of this server must have started it for that (--mail-listen)."
              checked={mayDeliver}
              onChange={(event) => setMayDeliver(event.currentTarget.checked)}
            />
          )}
          {kind === "personal" && (
            <Select
              label="What others see of it"
              description="On boxes that they see. You can change it for each conversation."
              allowDeselect={false}
              data={SHARES.map(({ value, label }) => ({ value, label }))}
              value={share}
              error={errorAt(form.error, "share")}
              onChange={(value) => setShare((value ?? "full") as Share)}
            />
          )}
          <TeamSelect teams={teams.data?.results ?? []} team={team} onChoose={setTeam} />
          <Refusal error={form.error && !placed ? messageOf(form.error) : null} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              {usesProvider ? "Continue" : "Connect"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

type TeamSelectProps = { teams: TeamOut[]; team: string | null; onChoose: (key: string) => void };

/** Asks for the team, if the user is in several. */
function TeamSelect({ teams, team, onChoose }: TeamSelectProps) {
  if (teams.length < 2) return null;
  return (
    <Select
      label="Team"
      description="Its boxes get the e-mail"
      allowDeselect={false}
      data={teams.map(({ key, name }) => ({ value: key, label: name }))}
      value={team ?? teams[0]?.key ?? null}
      onChange={(key) => key && onChoose(key)}
    />
  );
}

type ServerFieldsProps = {
  kind: "imap" | "smtp";
  title: string;
  server: Server;
  onChange: (server: Server) => void;
  error: string | undefined;
};

function ServerFields({ kind, title, server, onChange, error }: ServerFieldsProps) {
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <Text component="legend" size="sm" fw={550} mb={4}>
        {title}
      </Text>
      <Group align="flex-start" gap="xs">
        <TextInput
          style={{ flex: 1, minWidth: 180 }}
          aria-label={`Server, ${title}`}
          placeholder={`${kind}.example.com`}
          required={kind === "imap"}
          value={server.host}
          error={error}
          onChange={(event) => onChange({ ...server, host: event.currentTarget.value })}
        />
        <Select
          w={120}
          aria-label={`Encryption, ${title}`}
          allowDeselect={false}
          data={SECURITY}
          value={server.security}
          onChange={(value) => {
            const security = (value ?? "tls") as Security;
            onChange({ ...server, security, port: usualPort(kind, security) });
          }}
        />
        <NumberInput
          w={90}
          aria-label={`Port, ${title}`}
          hideControls
          min={1}
          max={65535}
          value={server.port}
          onChange={(value) => onChange({ ...server, port: Number(value) })}
        />
        <TextInput
          w={150}
          aria-label={`User name, ${title}`}
          placeholder="User: the address"
          value={server.user ?? ""}
          onChange={(event) => onChange({ ...server, user: event.currentTarget.value })}
        />
      </Group>
    </fieldset>
  );
}
