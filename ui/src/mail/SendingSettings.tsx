import { Button, Group, Input, Modal, NumberInput, Select, Stack, Switch, Text, TextInput } from "@mantine/core";
import { Suspense, useState } from "react";
import { client } from "../api/client";
import { errorAt, errorWithin, messageOf } from "../api/problem";
import type { MailboxOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { Loading } from "../components/states";
import { say } from "../components/toasts";
import { lazily } from "../lib/lazily";
import { withoutStyles } from "../writing/letterText";

const Editor = lazily(() => import("../writing/Editor"));
const ZONES = Intl.supportedValuesOf("timeZone");
const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

type SendingSettingsProps = { mailbox: MailboxOut; onSaved: () => Promise<unknown>; onClose: () => void };

/** How e-mail is sent from a mailbox: name, signature, limits and quiet hours. */
export function SendingSettings({ mailbox, onSaved, onClose }: SendingSettingsProps) {
  const { sending } = mailbox;
  const [name, setName] = useState(sending.name);
  const [signature, setSignature] = useState(sending.signature);
  const [members, setMembers] = useState(sending.members);
  const [perHour, setPerHour] = useState<number | string>(sending.perHour ?? "");
  const [perDay, setPerDay] = useState<number | string>(sending.perDay ?? "");
  const [gap, setGap] = useState<number | string>(sending.gapSeconds ?? "");
  const [from, setFrom] = useState(sending.quietFrom);
  const [to, setTo] = useState(sending.quietTo);
  const [weekends, setWeekends] = useState(sending.weekends);
  const [zone, setZone] = useState(sending.quietFrom || !sending.weekends ? sending.timeZone : OWN_ZONE);
  const form = useForm(async () => {
    await client.POST("/v2/mailboxes/{mailbox}", {
      params: { path: { mailbox: mailbox.key } },
      body: {
        sending: {
          name: name.trim(),
          signature,
          perHour: numberOf(perHour),
          perDay: numberOf(perDay),
          gapSeconds: numberOf(gap),
          quietFrom: from,
          quietTo: to,
          weekends,
          timeZone: zone,
          ...(mailbox.kind !== "personal" && { members }),
        },
      },
    });
    say("Saved");
    onClose();
    await onSaved();
  });
  const at = (member: string) => errorAt(form.error, `sending.${member}`);
  return (
    <Modal opened onClose={onClose} title={`Sending from ${mailbox.address}`} size="lg">
      <form onSubmit={form.submit}>
        <Stack>
          <TextInput
            label="Name"
            description="Beside the address. Empty: the name of the user who sends."
            data-autofocus
            value={name}
            error={at("name")}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <div>
            <Input.Label labelElement="div">Signature</Input.Label>
            <Suspense fallback={<Loading rows={3} />}>
              <Editor
                label="Signature"
                html={withoutStyles(signature)}
                onChange={setSignature}
                placeholder="New e-mail ends with it."
              />
            </Suspense>
            <Input.Error mt={4}>{at("signature")}</Input.Error>
          </div>
          {mailbox.kind !== "personal" && (
            <Switch
              label="All members may send from this mailbox"
              description="Otherwise only owners of the team may."
              checked={members}
              onChange={(event) => setMembers(event.currentTarget.checked)}
            />
          )}
          <Group grow align="flex-start">
            <NumberInput
              label="Recipients in an hour"
              placeholder="Usual limit"
              min={1}
              value={perHour}
              error={at("perHour")}
              onChange={setPerHour}
            />
            <NumberInput
              label="Recipients in a day"
              placeholder="Usual limit"
              min={1}
              value={perDay}
              error={at("perDay")}
              onChange={setPerDay}
            />
          </Group>
          <Text size="sm" fw={600}>
            Mailings, sequences and automations
          </Text>
          <NumberInput
            maw={260}
            label="Seconds between two e-mails"
            placeholder="Usual gap"
            min={0}
            value={gap}
            error={at("gapSeconds")}
            onChange={setGap}
          />
          <Group grow align="flex-start">
            <TextInput
              type="time"
              label="They wait from"
              value={from}
              error={at("quietFrom")}
              onChange={(event) => setFrom(event.currentTarget.value)}
            />
            <TextInput
              type="time"
              label="until"
              value={to}
              error={at("quietTo")}
              onChange={(event) => setTo(event.currentTarget.value)}
            />
            <Select
              label="Time zone"
              searchable
              allowDeselect={false}
              data={ZONES.includes(zone) ? ZONES : [zone, ...ZONES]}
              value={zone}
              error={at("timeZone")}
              onChange={(value) => value && setZone(value)}
            />
          </Group>
          <Switch
            label="They wait on Saturdays and Sundays, too"
            checked={!weekends}
            onChange={(event) => setWeekends(!event.currentTarget.checked)}
          />
          <Refusal error={form.error && !errorWithin(form.error, "sending") ? messageOf(form.error) : null} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function numberOf(value: number | string): number | null {
  return value === "" ? null : Number(value);
}
