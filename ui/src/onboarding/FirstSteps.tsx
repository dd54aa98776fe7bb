import { CloseButton, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { api } from "../api/client";
import { usePreferences } from "../api/preferences";
import type { PipelineOut } from "../api/schema";
import { useMe } from "../api/session";
import { Invite } from "../team/Invite";
import { isOwner } from "../team/roles";
import classes from "./First.module.css";
import { type Done, isSample, useSteps } from "./useSteps";

const HINT = "first-steps";

type FirstStepsProps = { pipelines: PipelineOut[]; onNewPipeline: () => void };

/** First steps for a new user, shown until the user hides them. */
export function FirstSteps(props: FirstStepsProps) {
  const { known, preferences, set } = usePreferences();
  const hidden = preferences.hiddenHints ?? [];
  if (!known || hidden.includes(HINT)) return null;
  return <Steps {...props} onHide={() => set({ hiddenHints: [...hidden, HINT] })} />;
}

function Steps({ pipelines, onNewPipeline, onHide }: FirstStepsProps & { onHide: () => void }) {
  const done = useSteps(pipelines);
  const teams = api.useQuery("get", "/v2/users/me/teams", {});
  const me = useMe();
  const [inviting, invitation] = useDisclosure(false);
  if (done === undefined) return null;
  const team = teams.data?.results[0];
  const ours = pipelines.find((each) => !isSample(each)) ?? pipelines[0];
  const invite = team && isOwner(team, me.key) ? invitation.open : "/team";
  const within = (path: string) => (ours ? `/pipelines/${ours.key}/${path}` : undefined);
  const count = Object.values(done).filter(Boolean).length;
  const step = (name: keyof Done, label: string, go: string | (() => void) | undefined, says: ReactNode) => (
    <Step done={done[name]} label={label} go={go}>
      {says}
    </Step>
  );
  return (
    <section className={classes.card} aria-label="First steps">
      <header className={classes.head}>
        <h2>{count === 5 ? "All set" : "First steps"}</h2>
        <span className="quiet numbers">{count} of 5 done</span>
        <CloseButton aria-label="Do not show the first steps again" onClick={onHide} />
      </header>
      <ul className={classes.steps}>
        {step("pipeline", "Make a pipeline", onNewPipeline, "From a template, or stage by stage.")}
        {step("colleague", "Invite a colleague", invite, "By a link, or by mail where it is set up.")}
        {step("key", "Call the API", "/integrations", "Create a key: a curl that works comes with it.")}
        {step("webhook", "Add a webhook", within("integrations"), "Get notified when something changes.")}
        {step("rows", "Import a CSV", within("import"), "Import your data. Preview it before saving.")}
      </ul>
      {inviting && team && <Invite team={team} onClose={invitation.close} />}
    </section>
  );
}

type StepProps = { done: boolean; label: string; go: string | (() => void) | undefined; children: ReactNode };

/** Steps that need a pipeline are disabled until there is one. */
function Step({ done, label, go, children }: StepProps) {
  const Icon = done ? IconCircleCheckFilled : IconCircle;
  return (
    <li className={classes.step} data-done={done || undefined}>
      <Icon size={18} stroke={1.6} role="img" aria-label={done ? "Done" : "Not done yet"} />
      {typeof go === "string" ? (
        <Link to={go} className={classes.go ?? ""}>
          {label}
        </Link>
      ) : go ? (
        <UnstyledButton className={classes.go} onClick={go}>
          {label}
        </UnstyledButton>
      ) : (
        <span className={classes.go}>{label}</span>
      )}
      <p>{children}</p>
    </li>
  );
}
