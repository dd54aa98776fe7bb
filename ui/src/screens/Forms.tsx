import { Button, Group, Stack, Text, Title } from "@mantine/core";
import { IconForms, IconPlus } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import { offerUndo } from "../api/undo";
import { usePipeline } from "../app/pipeline";
import { useCommands } from "../commands/registry";
import { CopyAsCode } from "../components/CopyAsCode";
import { Empty, Ready } from "../components/states";
import { FormEditor } from "../forms/FormEditor";
import classes from "../forms/forms.module.css";
import { useSearch } from "../lib/search";

const refresh = () =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/forms") });

/** Screen with the web forms of a pipeline: the list, and the editor of one with its preview. */
export default function Forms() {
  const pipeline = usePipeline();
  const [search, setSearch] = useSearch();
  const path = { pipeline: pipeline.key };
  const query = api.useQuery("get", "/v2/pipelines/{pipeline}/forms", { params: { path } });
  const create = useMutation({
    mutationFn: () =>
      client.POST("/v2/pipelines/{pipeline}/forms", { params: { path }, body: { name: `${pipeline.name}: contact` } }),
    onSuccess: async ({ data, response }) => {
      offerUndo("Created the form", response);
      await refresh();
      if (data) setSearch({ form: data.key });
    },
  });
  useCommands([{ id: "new-form", label: "New form", section: "Forms", keys: "n f", run: () => create.mutate() }]);
  const button = (
    <Button leftSection={<IconPlus size={15} />} loading={create.isPending} onClick={() => create.mutate()}>
      New form
    </Button>
  );
  return (
    <div className={classes.page}>
      <Group justify="space-between">
        <div>
          <Title order={1}>Forms</Title>
          <Text className="quiet">
            Visitors of your website fill them in. Each answer becomes a box with a contact.
          </Text>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}/forms` }} />
          {button}
        </Group>
      </Group>
      <Ready query={query}>
        {({ results }) => {
          const chosen = results.find((each) => each.key === search.get("form")) ?? results[0];
          if (!chosen)
            return (
              <Empty icon={IconForms} title="No forms yet" action={button}>
                A form has an address of its own, and can be embedded in your website.
              </Empty>
            );
          return (
            <Stack>
              {results.length > 1 && (
                <Group gap="xs" role="group" aria-label="Forms of this pipeline">
                  {results.map((each) => (
                    <Button
                      key={each.key}
                      size="compact-sm"
                      variant={each.key === chosen.key ? "filled" : "default"}
                      aria-pressed={each.key === chosen.key}
                      onClick={() => setSearch({ form: each.key })}
                    >
                      {each.name}
                    </Button>
                  ))}
                </Group>
              )}
              <FormEditor
                key={`${chosen.key} ${chosen.lastSavedTimestamp}`}
                pipeline={pipeline}
                form={chosen}
                onSaved={refresh}
              />
            </Stack>
          );
        }}
      </Ready>
    </div>
  );
}
