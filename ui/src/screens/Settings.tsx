import { Link, useSearchParams } from "react-router";
import { usePipeline } from "../app/pipeline";
import { CopyAsCode } from "../components/CopyAsCode";
import { Fields } from "../settings/Fields";
import { General } from "../settings/General";
import { MailRules } from "../settings/MailRules";
import { Rules } from "../settings/Rules";
import { Sharing } from "../settings/Sharing";
import { Stages } from "../settings/Stages";
import classes from "../settings/settings.module.css";

const SECTIONS = { general: General, stages: Stages, fields: Fields, rules: Rules, mail: MailRules, sharing: Sharing };
const TITLES = {
  general: "General",
  stages: "Stages",
  fields: "Columns",
  rules: "Rules",
  mail: "E-mail",
  sharing: "Sharing",
};
type Name = keyof typeof SECTIONS;
/** API path of each section below the pipeline, for "Copy as code"; both kinds of rules have their own. */
const CALLS: Record<Name, string | null> = {
  general: "",
  stages: "/stages",
  fields: "",
  rules: null,
  mail: null,
  sharing: "",
};

/** Screen with the settings of a pipeline: general, stages, fields, validation rules, e-mail rules, sharing. */
export default function Settings() {
  const pipeline = usePipeline();
  const [search] = useSearchParams();
  const section = search.get("section") ?? "";
  const name = (section in SECTIONS ? section : "general") as Name;
  const Section = SECTIONS[name];
  const call = CALLS[name];
  return (
    <div className={classes.page}>
      <nav className={classes.sections} aria-label="Settings">
        {(Object.keys(SECTIONS) as Name[]).map((each) => (
          <Link key={each} to={`?section=${each}`} aria-current={each === name}>
            {TITLES[each]}
          </Link>
        ))}
        {call !== null && <CopyAsCode call={{ method: "GET", path: `/v2/pipelines/${pipeline.key}${call}` }} />}
      </nav>
      <section aria-label={TITLES[name]}>
        <Section pipeline={pipeline} />
      </section>
    </div>
  );
}
