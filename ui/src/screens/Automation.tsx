import { Button, Group, Stack, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import { api, client } from "../api/client";
import { queries } from "../api/queries";
import type { AutomationOut, CatalogueOut } from "../api/schema";
import classes from "../automations/automations.module.css";
import { Editor } from "../automations/Editor";
import { Runs } from "../automations/Runs";
import { blank, type Rule, recipesOf, requestBody, ruleOf, unsavedBody } from "../automations/rule";
import { useScope } from "../automations/scope";
import { Trial } from "../automations/Trial";
import { CopyAsCode } from "../components/CopyAsCode";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { Secret } from "../integrations/Secret";

/** Screen of one automation: its form and its runs. `new` in the address creates one. */
export default function Automation() {
  const { automation = "" } = useParams();
  const catalogue = api.useQuery("get", "/v2/automations/catalogue", {});
  return (
    <div className={classes.page}>
      <Ready query={catalogue}>
        {(known) =>
          automation === "new" ? <New catalogue={known} /> : <Existing catalogue={known} automation={automation} />
        }
      </Ready>
    </div>
  );
}

function Back() {
  return (
    <Link className="quiet" to={useScope().home}>
      Automations
    </Link>
  );
}

function New({ catalogue }: { catalogue: CatalogueOut }) {
  const scope = useScope();
  const { pipeline, teamKey, home } = scope;
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const [created, setCreated] = useState<AutomationOut | null>(null);
  const recipe = recipesOf(scope)[Number(search.get("recipe") ?? -1)];
  const [rule] = useState(() => recipe?.rule() ?? blank(pipeline ? "box.created" : "contact.created"));
  const done = (automation: AutomationOut) => void navigate(`${home}/${automation.key}`);
  const save = async (edited: Rule) => {
    const body = requestBody(edited);
    const { data } = pipeline
      ? await client.POST("/v2/pipelines/{pipeline}/automations", {
          params: { path: { pipeline: pipeline.key } },
          body,
        })
      : await client.POST("/v2/teams/{team}/automations", { params: { path: { team: teamKey } }, body });
    await refresh();
    const automation = data as AutomationOut;
    const calls = JSON.stringify(edited.steps).includes('"http.request"');
    if (calls && automation.signingSecret) setCreated(automation);
    else done(automation);
  };
  return (
    <>
      <div>
        <Back />
        <Title order={2}>New automation</Title>
      </div>
      <Editor rule={rule} kept={[]} catalogue={catalogue} scope={scope} says="Create" onSave={save} />
      {created && <Secret value={created.signingSecret ?? ""} onClose={() => done(created)} />}
    </>
  );
}

function Existing({ catalogue, automation }: { catalogue: CatalogueOut; automation: string }) {
  const scope = useScope();
  const query = api.useQuery("get", "/v2/automations/{automation}", { params: { path: { automation } } });
  const draft = useRef<Rule | null>(null);
  const keep = useCallback((rule: Rule) => {
    draft.current = rule;
  }, []);
  return (
    <Ready query={query}>
      {(loaded) => (
        <Stack gap="xl">
          <Head automation={loaded} draftNow={() => unsavedBody(draft.current, ruleOf(loaded))} />
          <Editor
            onDraft={keep}
            key={loaded.version}
            rule={ruleOf(loaded)}
            kept={loaded.secrets}
            catalogue={catalogue}
            scope={scope}
            says="Save"
            onSave={async (edited) => {
              await client.POST("/v2/automations/{automation}", {
                params: { path: { automation } },
                body: requestBody(edited),
              });
              say("Saved. Runs in progress use the previous version.");
              await refresh();
            }}
          />
          <Runs automation={automation} />
        </Stack>
      )}
    </Ready>
  );
}

type HeadProps = { automation: AutomationOut; draftNow: () => ReturnType<typeof unsavedBody> };

function Head({ automation, draftNow }: HeadProps) {
  const { home } = useScope();
  const navigate = useNavigate();
  const [trying, trial] = useDisclosure(false);
  const params = { path: { automation: automation.key } };
  const toggle = useMutation({
    mutationFn: () =>
      client.POST(automation.enabled ? "/v2/automations/{automation}/disable" : "/v2/automations/{automation}/enable", {
        params,
      }),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/automations/{automation}", { params }),
    onSuccess: async () => {
      await navigate(home);
      say(`Deleted ${automation.name}`);
      return refresh();
    },
  });
  return (
    <Group justify="space-between" align="flex-start">
      <div>
        <Back />
        <Title order={2}>{automation.name}</Title>
      </div>
      <Group gap="xs">
        <CopyAsCode call={{ method: "GET", path: `/v2/automations/${automation.key}` }} />
        <Button variant="default" leftSection={<IconPlayerPlay size={15} />} onClick={trial.open}>
          Try it
        </Button>
        <Button
          variant={automation.enabled ? "default" : "filled"}
          loading={toggle.isPending}
          onClick={() => toggle.mutate()}
        >
          {automation.enabled ? "Switch off" : "Switch on"}
        </Button>
        <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </Group>
      {trying && <Trial automation={automation.key} draft={draftNow()} onClose={trial.close} />}
    </Group>
  );
}

function refresh() {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("automations") });
}
