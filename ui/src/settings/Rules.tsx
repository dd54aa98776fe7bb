import { Badge, Button, Group, Modal, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconPlus, IconShieldCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, client } from "../api/client";
import type { PipelineOut, ValidatorOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Empty, Ready } from "../components/states";
import { RuleForm } from "./RuleForm";
import { refreshRules } from "./save";
import classes from "./settings.module.css";

/** Section with the validation rules of the pipeline. */
export function Rules({ pipeline }: { pipeline: PipelineOut }) {
  const path = { pipeline: pipeline.key };
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/validators", { params: { path } });
  const [editing, setEditing] = useState<ValidatorOut | "new" | null>(null);
  useCommands([{ id: "new-rule", label: "New rule", section: "Pipeline", keys: "n r", run: () => setEditing("new") }]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setEditing("new")}>
      New rule
    </Button>
  );
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2}>Rules</Title>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/validators` }} />
          {button}
        </Group>
      </Group>
      <Text className="quiet">
        What a box has to keep to. A change that breaks a rule is refused, with the rule's words, or only warned of.
      </Text>
      <Ready query={query}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty icon={IconShieldCheck} title="No rules yet" action={button}>
              Such as: a won deal needs a value; nothing is offered without somebody it is assigned to.
            </Empty>
          ) : (
            <div className={classes.list}>
              {results.map((each) => (
                <Line key={each.key} pipeline={pipeline.key} rule={each} onEdit={() => setEditing(each)} />
              ))}
            </div>
          )
        }
      </Ready>
      {editing && (
        <RuleForm
          pipeline={pipeline}
          {...(editing === "new" ? {} : { rule: editing })}
          onClose={() => setEditing(null)}
        />
      )}
    </Stack>
  );
}

function Line({ pipeline, rule, onEdit }: { pipeline: string; rule: ValidatorOut; onEdit: () => void }) {
  const [asking, dialog] = useDisclosure(false);
  const remove = useMutation({
    mutationFn: () =>
      client.DELETE("/v2/pipelines/{pipeline}/validators/{validator}", {
        params: { path: { pipeline, validator: rule.key } },
      }),
    onSuccess: ({ response }) => offerUndo(`Deleted the rule ${rule.name}`, response),
    onSettled: () => refreshRules(),
  });
  const isHard = rule.mode === "REJECT";
  return (
    <div className={classes.line}>
      <div className={classes.grow}>
        <Text fw={550} className="cut">
          {rule.name}
        </Text>
        <Text size="sm" className="quiet cut">
          {rule.problem ? (
            <Text span inherit c="orange">
              <IconAlertTriangle size={13} aria-hidden="true" /> Judges nothing: {rule.problem}
            </Text>
          ) : (
            (rule.message ?? demandOf(rule))
          )}
        </Text>
      </div>
      <Badge variant="light" color={isHard ? "red" : "yellow"} tt="none" fw={550} c="var(--strong)">
        {isHard ? "Refuses" : "Warns"}
      </Badge>
      <Button variant="subtle" size="compact-xs" onClick={onEdit} aria-label={`Edit ${rule.name}`}>
        Edit
      </Button>
      <Button
        variant="subtle"
        color="red"
        size="compact-xs"
        onClick={dialog.open}
        aria-label={`Delete the rule ${rule.name}`}
      >
        Delete
      </Button>
      <Modal opened={asking} onClose={dialog.close} title={`Delete the rule ${rule.name}?`}>
        <Stack>
          <Text size="sm">Boxes will no longer be checked against this rule.</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={dialog.close}>
              Keep it
            </Button>
            <Button color="red" data-autofocus loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete
            </Button>
          </Group>
        </Stack>
      </Modal>
    </div>
  );
}

function demandOf(rule: ValidatorOut): string {
  if (rule.deny) return "No box may be so";
  return rule.formula ?? "Conditions that must hold";
}
