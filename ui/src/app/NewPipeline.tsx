import {
  Button,
  Group,
  Modal,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { api } from "../api/client";
import { errorAt } from "../api/problem";
import { createPipeline } from "./createPipeline";
import classes from "./NewPipeline.module.css";
import { Refusal } from "./Refusal";
import { BLANK, TEMPLATES, type Template } from "./templates";

export default function NewPipeline({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="New pipeline" size="lg">
      <Form onDone={onClose} />
    </Modal>
  );
}

function Form({ onDone }: { onDone: () => void }) {
  const navigate = useNavigate();
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const choices = (teams.data?.results ?? []).map((each) => ({ value: each.key, label: each.name }));
  const [template, setTemplate] = useState<Template>(TEMPLATES[0] ?? BLANK);
  const [name, setName] = useState("");
  const [team, setTeam] = useState<string | null>(null);
  const [shared, setShared] = useState(true);
  const teamKey = team ?? choices[0]?.value ?? "";
  const create = useMutation({
    meta: { quiet: true },
    mutationFn: () => createPipeline(name.trim() || template.name, teamKey, template, shared),
    onSuccess: (key) => {
      onDone();
      void navigate(`/pipelines/${key}`);
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <Stack>
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" role="radiogroup" aria-label="Template">
          {[...TEMPLATES, BLANK].map((each) => (
            <UnstyledButton
              key={each.id}
              role="radio"
              aria-checked={each === template}
              className={classes.template}
              onClick={() => setTemplate(each)}
            >
              <Text size="sm" fw={600}>
                {each.name}
              </Text>
              <Text size="xs" className="quiet">
                {each.says}
              </Text>
              <Text size="xs" className="quiet cut" mt={4}>
                {each.stages.join(" → ")}
              </Text>
            </UnstyledButton>
          ))}
        </SimpleGrid>
        <TextInput
          label="Name"
          placeholder={template.name}
          data-autofocus
          value={name}
          error={errorAt(create.error, "name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {choices.length > 1 && (
          <Select label="Team" data={choices} value={teamKey} allowDeselect={false} onChange={setTeam} />
        )}
        <Switch
          label="Everyone in the team can reach it"
          checked={shared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
        <Refusal error={errorAt(create.error, "name") ? null : create.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending} disabled={teamKey === ""}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
