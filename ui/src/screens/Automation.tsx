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
import { blank, type Rule, recipesOf, ruleOf, sent, unsaved } from "../automations/rule";
import { usePlace } from "../automations/scope";
import { Trial } from "../automations/Trial";
import { CopyAsCode } from "../components/CopyAsCode";
import { Ready } from "../components/states";
import { say } from "../components/toasts";
import { Secret } from "../integrations/Secret";

/** One automation: what it does, and what it did. `new` in the address makes one. */
export default function Automation() {
  const { automation = "" } = useParams();
  const catalogue = api.useQuery("get", "/v2/automations/catalogue", {});
  return (
    <div className={classes.page}>
      <Ready query={catalogue}>
        {(known) =>
          automation === "new" ? <New catalogue={known} /> : <One catalogue={known} automation={automation} />
        }
      </Ready>
    </div>
  );
}

function Back() {
  return (
    <Link className="quiet" to={usePlace().home}>
      Automations
    </Link>
  );
}

function New({ catalogue }: { catalogue: CatalogueOut }) {
  const place = usePlace();
  const { pipeline, teamKey, home } = place;
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const [made, setMade] = useState<AutomationOut | null>(null);
  const recipe = recipesOf(place)[Number(search.get("recipe") ?? -1)];
  const [rule] = useState(() => recipe?.rule() ?? blank(pipeline ? "box.created" : "contact.created"));
  const done = (one: AutomationOut) => void navigate(`${home}/${one.key}`);
  const save = async (said: Rule) => {
    const body = sent(said);
    const { data } = pipeline
      ? await client.POST("/v2/pipelines/{pipeline}/automations", {
          params: { path: { pipeline: pipeline.key } },
          body,
        })
      : await client.POST("/v2/teams/{team}/automations", { params: { path: { team: teamKey } }, body });
    await refresh();
    const one = data as AutomationOut;
    const calls = JSON.stringify(said.steps).includes('"http.request"');
    if (calls && one.signingSecret) setMade(one);
    else done(one);
  };
  return (
    <>
      <div>
        <Back />
        <Title order={2}>New automation</Title>
      </div>
      <Editor rule={rule} kept={[]} catalogue={catalogue} place={place} says="Create" onSave={save} />
      {made && <Secret value={made.signingSecret ?? ""} onClose={() => done(made)} />}
    </>
  );
}

function One({ catalogue, automation }: { catalogue: CatalogueOut; automation: string }) {
  const place = usePlace();
  const asked = api.useQuery("get", "/v2/automations/{automation}", { params: { path: { automation } } });
  const draft = useRef<Rule | null>(null);
  const keep = useCallback((rule: Rule) => {
    draft.current = rule;
  }, []);
  return (
    <Ready query={asked}>
      {(one) => (
        <Stack gap="xl">
          <Head one={one} draftNow={() => unsaved(draft.current, ruleOf(one))} />
          <Editor
            onDraft={keep}
            key={one.version}
            rule={ruleOf(one)}
            kept={one.secrets}
            catalogue={catalogue}
            place={place}
            says="Save"
            onSave={async (said) => {
              await client.POST("/v2/automations/{automation}", { params: { path: { automation } }, body: sent(said) });
              say("Saved. Runs under way go on as they began.");
              await refresh();
            }}
          />
          <Runs automation={automation} />
        </Stack>
      )}
    </Ready>
  );
}

type HeadProps = { one: AutomationOut; draftNow: () => ReturnType<typeof unsaved> };

function Head({ one, draftNow }: HeadProps) {
  const { home } = usePlace();
  const navigate = useNavigate();
  const [trying, trial] = useDisclosure(false);
  const params = { path: { automation: one.key } };
  const toggle = useMutation({
    mutationFn: () =>
      client.POST(one.enabled ? "/v2/automations/{automation}/disable" : "/v2/automations/{automation}/enable", {
        params,
      }),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/automations/{automation}", { params }),
    onSuccess: async () => {
      await navigate(home);
      say(`Deleted ${one.name}`);
      return refresh();
    },
  });
  return (
    <Group justify="space-between" align="flex-start">
      <div>
        <Back />
        <Title order={2}>{one.name}</Title>
      </div>
      <Group gap="xs">
        <CopyAsCode call={{ method: "GET", path: `/v2/automations/${one.key}` }} />
        <Button variant="default" leftSection={<IconPlayerPlay size={15} />} onClick={trial.open}>
          Try it
        </Button>
        <Button variant={one.enabled ? "default" : "filled"} loading={toggle.isPending} onClick={() => toggle.mutate()}>
          {one.enabled ? "Switch off" : "Switch on"}
        </Button>
        <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </Group>
      {trying && <Trial automation={one.key} draft={draftNow()} onClose={trial.close} />}
    </Group>
  );
}

function refresh() {
  return queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("automations") });
}
