import { Button, Code, CopyButton, Group, Modal, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconMailForward, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import { errorAt, messageOf } from "../api/problem";
import { queries } from "../api/queries";
import type { MailRuleOut, PipelineOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Empty, Ready } from "../components/states";
import { BoxSelect } from "../mail/BoxSelect";
import classes from "./settings.module.css";

const refresh = () =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/mailrules") });

/** Section with the rules that put e-mail into boxes of the pipeline, and its dropbox address. */
export function MailRules({ pipeline }: { pipeline: PipelineOut }) {
  const path = { pipeline: pipeline.key };
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/mailrules", { params: { path } });
  const [adding, setAdding] = useState(false);
  useCommands([
    { id: "new-mail-rule", label: "New e-mail rule", section: "Pipeline", keys: "n r", run: () => setAdding(true) },
  ]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setAdding(true)}>
      New rule
    </Button>
  );
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2}>E-mail</Title>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/mailrules` }} />
          {button}
        </Group>
      </Group>
      <Text className="quiet">
        E-mail goes to the box of its conversation or of its people. Rules decide about other e-mail, the first that
        fits.
      </Text>
      <Ready query={query}>
        {(rules) =>
          rules.length === 0 ? (
            <Empty icon={IconMailForward} title="No e-mail rules yet" action={button}>
              Such as: e-mail to orders@firm.example becomes a new box.
            </Empty>
          ) : (
            <ol className={classes.list} aria-label="E-mail rules" style={{ margin: 0, padding: 0, listStyle: "none" }}>
              {rules.map((each) => (
                <Line key={each.key} pipeline={pipeline} rule={each} />
              ))}
            </ol>
          )
        }
      </Ready>
      <Dropbox pipeline={pipeline} />
      {adding && <RuleForm pipeline={pipeline} onClose={() => setAdding(false)} />}
    </Stack>
  );
}

function conditionOf(rule: MailRuleOut): string {
  if (rule.from) return `From ${rule.from}`;
  return rule.to ? `To ${rule.to}` : `Subject contains “${rule.subject}”`;
}

function Line({ pipeline, rule }: { pipeline: PipelineOut; rule: MailRuleOut }) {
  const remove = useMutation({
    mutationFn: () =>
      client.DELETE("/v2/pipelines/{pipeline}/mailrules/{mailrule}", {
        params: { path: { pipeline: pipeline.key, mailrule: rule.key } },
      }),
    onSuccess: ({ response }) => offerUndo("Deleted the e-mail rule", response),
    onSettled: refresh,
  });
  const condition = conditionOf(rule);
  return (
    <li className={classes.line} aria-label={condition}>
      <div className={classes.grow}>
        <Text fw={550} className="cut">
          {condition}
        </Text>
        <Text size="sm" className="quiet cut">
          {rule.boxKey ? (
            <BoxName box={rule.boxKey} />
          ) : (
            `Each conversation becomes a box in ${pipeline.stages[rule.stageKey ?? pipeline.stageOrder[0] ?? ""]?.name}`
          )}
        </Text>
      </div>
      <Button
        variant="subtle"
        color="red"
        size="compact-xs"
        aria-label={`Delete the rule ${condition}`}
        loading={remove.isPending}
        onClick={() => remove.mutate()}
      >
        Delete
      </Button>
    </li>
  );
}

function BoxName({ box }: { box: string }) {
  const query = api.useQuery("get", "/v1/boxes/{box}", { params: { path: { box } } });
  return query.isError ? "To a box that does not exist any longer" : `To the box ${query.data?.name ?? "…"}`;
}

const MEMBERS = [
  { value: "from", label: "Sender" },
  { value: "to", label: "Recipient" },
  { value: "subject", label: "Subject" },
];
type Member = "from" | "to" | "subject";

function RuleForm({ pipeline, onClose }: { pipeline: PipelineOut; onClose: () => void }) {
  const [member, setMember] = useState<Member>("from");
  const [value, setValue] = useState("");
  const [target, setTarget] = useState<"new" | "box">("new");
  const [stage, setStage] = useState(pipeline.stageOrder[0] ?? "");
  const [box, setBox] = useState<string | null>(null);
  const form = useForm(async () => {
    const { response } = await client.POST("/v2/pipelines/{pipeline}/mailrules", {
      params: { path: { pipeline: pipeline.key } },
      body: { [member]: value.trim(), ...(target === "box" ? { boxKey: box ?? "" } : { stageKey: stage }) },
    });
    offerUndo("Created the e-mail rule", response);
    onClose();
    await refresh();
  });
  const placed = errorAt(form.error, member, "boxKey", "stageKey");
  return (
    <Modal opened onClose={onClose} title="New e-mail rule">
      <form onSubmit={form.submit}>
        <Stack>
          <Group align="flex-start" gap="xs" wrap="nowrap">
            <Select
              w={130}
              label="If the"
              allowDeselect={false}
              data={MEMBERS}
              value={member}
              onChange={(chosen) => setMember((chosen ?? "from") as Member)}
            />
            <TextInput
              style={{ flex: 1 }}
              label={member === "subject" ? "contains" : "is"}
              aria-label={member === "subject" ? "Text of the subject" : "Address or domain"}
              placeholder={member === "subject" ? "[order]" : "orders@firm.example or firm.example"}
              required
              data-autofocus
              value={value}
              error={errorAt(form.error, member)}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
          </Group>
          <Select
            label="The e-mail goes to"
            allowDeselect={false}
            data={[
              { value: "new", label: "A new box for each conversation" },
              { value: "box", label: "One box" },
            ]}
            value={target}
            onChange={(chosen) => setTarget(chosen === "box" ? "box" : "new")}
          />
          {target === "box" ? (
            <BoxSelect value={box} onChange={setBox} pipeline={pipeline.key} error={errorAt(form.error, "boxKey")} />
          ) : (
            <Select
              label="Stage of new boxes"
              allowDeselect={false}
              data={pipeline.stageOrder.map((key) => ({ value: key, label: pipeline.stages[key]?.name ?? key }))}
              value={stage}
              error={errorAt(form.error, "stageKey")}
              onChange={(key) => key && setStage(key)}
            />
          )}
          <Refusal error={form.error && !placed ? messageOf(form.error) : null} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={form.busy} disabled={value.trim() === "" || (target === "box" && !box)}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** The address to which members of the team send and forward e-mail for the pipeline. */
function Dropbox({ pipeline }: { pipeline: PipelineOut }) {
  const path = { pipeline: pipeline.key };
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/dropbox", { params: { path } });
  return (
    <Stack gap={4}>
      <Title order={3}>Dropbox address</Title>
      <Text size="sm" className="quiet">
        E-mail that members of the team send or forward to this address goes to the pipeline.
      </Text>
      {query.isError ? (
        <Text size="sm">
          Not set up: an owner of the team connects a mailbox of the kind “Dropbox of the team” first.
        </Text>
      ) : (
        <Group gap="xs">
          <Code>{query.data?.address ?? "…"}</Code>
          <CopyButton value={query.data?.address ?? ""}>
            {({ copied, copy }) => (
              <Button variant="default" size="compact-xs" onClick={copy}>
                {copied ? "Copied" : "Copy"}
              </Button>
            )}
          </CopyButton>
        </Group>
      )}
    </Stack>
  );
}
