import { Button, Group, Stepper, Text, Title } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { api, client } from "../api/client";
import { errorAt } from "../api/problem";
import { queries } from "../api/queries";
import type { MailingEdit, MailingOut } from "../api/schema";
import { Refusal } from "../app/Refusal";
import { CopyAsCode } from "../components/CopyAsCode";
import { Ready } from "../components/states";
import classes from "../integrations/integrations.module.css";
import { useSearch } from "../lib/search";
import mail from "../mail/mail.module.css";
import { Each } from "../mailings/Each";
import { Running } from "../mailings/Running";
import { mailingState, refreshMailings } from "../mailings/states";
import { What } from "../mailings/What";
import { When } from "../mailings/When";
import { Who } from "../mailings/Who";

const STEPS = [
  { value: "who", label: "Who" },
  { value: "what", label: "What" },
  { value: "preview", label: "Preview" },
  { value: "when", label: "When" },
];
const PAUSE = 600;

/** Screen of one mailing: the steps that prepare it, then its progress. */
export default function Mailing() {
  const key = useParams().mailing ?? "";
  const query = api.useQuery(
    "get",
    "/v2/mailings/{mailing}",
    { params: { path: { mailing: key } } },
    { refetchInterval: ({ state }) => (state.data?.state === "running" ? 3_000 : false) },
  );
  return <Ready query={query}>{(mailing) => <Page key={mailing.key} mailing={mailing} />}</Ready>;
}

function Page({ mailing }: { mailing: MailingOut }) {
  const navigate = useNavigate();
  const state = mailingState(mailing);
  const isDraft = mailing.state === "draft";
  const [search, setSearch] = useSearch();
  const isChanging = mailing.state === "paused" && search.get("step") === "what";
  const remove = useMutation({
    mutationFn: () => client.DELETE("/v2/mailings/{mailing}", { params: { path: { mailing: mailing.key } } }),
    onSuccess: async () => {
      await navigate("/mail/mailings");
      await refreshMailings();
    },
  });
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div style={{ minWidth: 0, overflowWrap: "anywhere" }}>
          <Text size="sm">
            <Link className={classes.open ?? ""} to="/mail/mailings">
              Mailings
            </Link>
          </Text>
          <Title order={1}>{mailing.name}</Title>
          <span className={mail.state} data-colour={state.colour}>
            {state.label}
          </span>
        </div>
        <Group gap="xs">
          <CopyAsCode call={{ method: "GET", path: `/v2/mailings/${mailing.key}` }} />
          {isDraft && (
            <Button
              variant="default"
              leftSection={<IconTrash size={14} stroke={1.6} />}
              loading={remove.isPending}
              onClick={() => remove.mutate()}
            >
              Delete
            </Button>
          )}
        </Group>
      </header>
      {isDraft && <Steps mailing={mailing} />}
      {isChanging && <Change mailing={mailing} onDone={() => setSearch({})} />}
      {!isDraft && !isChanging && <Running mailing={mailing} />}
    </div>
  );
}

function Steps({ mailing }: { mailing: MailingOut }) {
  const [search, setSearch] = useSearch();
  const found = STEPS.findIndex(({ value }) => value === search.get("step"));
  const at = found < 0 ? (mailing.counts.total === 0 ? 0 : 1) : found;
  const { content, error, change, flush } = useSaved(mailing);
  const turn = async (to: number) => {
    await flush();
    setSearch({ step: STEPS[to]?.value ?? "who" });
  };
  return (
    <>
      <Stepper active={at} onStepClick={(to) => void turn(to)} size="xs" iconSize={28}>
        {STEPS.map(({ value, label }) => (
          <Stepper.Step key={value} label={label} />
        ))}
      </Stepper>
      {at === 0 && <Who mailing={mailing} />}
      {at === 1 && <What mailing={content} error={error} onChange={change} />}
      {at === 2 && <Each mailing={mailing} />}
      {at === 3 && <When mailing={mailing} />}
      <Refusal error={error && !errorAt(error, "name", "subject", "html", "mailboxKey") ? error : null} />
      <Group gap="xs">
        {at > 0 && (
          <Button variant="default" onClick={() => void turn(at - 1)}>
            Back
          </Button>
        )}
        {at < STEPS.length - 1 && <Button onClick={() => void turn(at + 1)}>Next</Button>}
      </Group>
    </>
  );
}

/** Changes a paused mailing, for those who have no letter yet. */
function Change({ mailing, onDone }: { mailing: MailingOut; onDone: () => void }) {
  const { content, error, change, flush } = useSaved(mailing);
  return (
    <>
      <What mailing={content} error={error} onChange={change} />
      <Group>
        <Button onClick={() => void flush().then(onDone)}>Done</Button>
      </Group>
    </>
  );
}

/** Saves a mailing while it is written. */
function useSaved(mailing: MailingOut) {
  const [edited, setEdited] = useState<MailingEdit>({});
  const [error, setError] = useState<unknown>(null);
  const pending = useRef<MailingEdit>({});
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const queue = useRef<Promise<void>>(Promise.resolve());
  const flush = () => {
    clearTimeout(timer.current);
    queue.current = queue.current.then(async () => {
      const body = pending.current;
      if (Object.keys(body).length === 0) return;
      pending.current = {};
      const params = { path: { mailing: mailing.key } };
      try {
        const { data } = await client.POST("/v2/mailings/{mailing}", { params, body });
        queries.setQueryData(["get", "/v2/mailings/{mailing}", { params }], data);
        setError(null);
      } catch (refusal) {
        pending.current = { ...body, ...pending.current };
        setError(refusal);
      }
    });
    return queue.current;
  };
  const newest = useRef(flush);
  useEffect(() => {
    newest.current = flush;
  });
  useEffect(() => () => void newest.current(), []);
  return {
    content: { ...mailing, ...edited } as MailingOut,
    error,
    flush,
    change: (edit: MailingEdit) => {
      setEdited((before) => ({ ...before, ...edit }));
      pending.current = { ...pending.current, ...edit };
      clearTimeout(timer.current);
      timer.current = setTimeout(() => void flush(), PAUSE);
    },
  };
}
