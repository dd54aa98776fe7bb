/**
 * An automation as the form edits it: the shape of the API, plus an id for each step so that React can draw the list.
 */
import type { AutomationOut } from "../api/schema";
import type { Tree } from "../table/filter";
import type { Scope } from "./scope";

export type Values = Record<string, unknown>;
export type Step = {
  uid: number;
  id?: string;
  type: string;
  name?: string;
  with: Values;
  onError?: string;
  /** The steps of a branch, which the API calls `then` and `else`. */
  yes?: Step[];
  no?: Step[];
};
export type Rule = {
  name: string;
  trigger: Values;
  /** Runs only for boxes that pass this filter. */
  filter: Tree | null;
  condition: string;
  steps: Step[];
  secrets: Record<string, string | null>;
};

let last = 0;

export function newStep(type: string, values: Values = {}): Step {
  last += 1;
  const step: Step = { uid: last, type, with: values };
  return type === "branch" ? { ...step, yes: [], no: [] } : step;
}

export function ruleOf(automation: AutomationOut): Rule {
  const { name, trigger, filter, condition = "", steps } = automation;
  return {
    name,
    trigger,
    filter: (filter as Tree | undefined) ?? null,
    condition,
    steps: steps.map(stepOf),
    secrets: {},
  };
}

type ApiStep = Record<string, unknown> & { type: string; with?: Values; then?: ApiStep[]; else?: ApiStep[] };

function stepOf(given: Record<string, unknown>): Step {
  const { type, with: values, then: yes, else: no, ...rest } = given as ApiStep;
  const step = { ...rest, ...newStep(type, values ?? {}) };
  return type === "branch" ? { ...step, yes: (yes ?? []).map(stepOf), no: (no ?? []).map(stepOf) } : step;
}

/** The request body, without empty values and without values that only the form needs. */
export function requestBody(rule: Rule) {
  const { name, trigger, filter, condition, steps, secrets } = rule;
  return {
    name: name.trim(),
    trigger: withoutEmpty(trigger),
    filter,
    condition: condition.trim() || null,
    steps: steps.map(sentStep),
    ...(Object.keys(secrets).length > 0 ? { secrets } : {}),
  };
}

/** The request body of a test run of the unsaved draft; null if everything is saved. */
export function unsavedBody(draft: Rule | null, saved: Rule) {
  if (draft === null || JSON.stringify(requestBody(draft)) === JSON.stringify(requestBody(saved))) return null;
  const { trigger, filter, condition, steps } = requestBody(draft);
  return { trigger, filter, condition, steps };
}

function sentStep(step: Step): Record<string, unknown> {
  const { uid: _uid, with: values, yes, no, ...rest } = step;
  const out = { ...rest, with: withoutEmpty(values) };
  if (!yes || !no) return out;
  // biome-ignore lint/suspicious/noThenProperty: the API's name; no code awaits a step
  return { ...out, then: yes.map(sentStep), else: no.map(sentStep) };
}

export function withoutEmpty(values: Values): Values {
  const isEmpty = (value: unknown) =>
    value === undefined ||
    value === "" ||
    (Array.isArray(value) && value.length === 0) ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(values).filter(([, value]) => !isEmpty(value)));
}

type Recipe = { title: string; says: string; rule: () => Rule };

/** Useful automations to start from. The user chooses stages and people afterwards. */
const RECIPES: Recipe[] = [
  {
    title: "A task when a box moves",
    says: "When a box comes into a stage, somebody has something to do about it.",
    rule: () => ({
      name: "Follow up",
      trigger: { type: "box.moved" },
      filter: null,
      condition: "",
      steps: [newStep("task.create", { text: "Follow up on {{ box.name }}", dueIn: { amount: 2, unit: "days" } })],
      secrets: {},
    }),
  },
  {
    title: "Nothing is forgotten",
    says: "A box that has not changed for two weeks gets a task.",
    rule: () => ({
      name: "Untouched for two weeks",
      trigger: { type: "box.untouched", days: 14 },
      filter: null,
      condition: "",
      steps: [newStep("task.create", { text: "What about {{ box.name }}?", dueIn: { amount: 1, unit: "days" } })],
      secrets: {},
    }),
  },
  {
    title: "Tell another program",
    says: "Each new box is sent to a URL of yours, signed, and tried until it arrives.",
    rule: () => ({
      name: "Tell our own program",
      trigger: { type: "box.created" },
      filter: null,
      condition: "",
      steps: [
        newStep("http.request", {
          method: "POST",
          url: "https://example.com/boxes",
          json: { name: "{{ box.name }}", stage: "{{ box.stage.name }}" },
        }),
      ],
      secrets: {},
    }),
  },
];

const TEAM_RECIPES: Recipe[] = [
  {
    title: "Tell another program of a contact",
    says: "Each new contact is sent to a URL of yours, such as your newsletter's, signed, and tried until it arrives.",
    rule: () => ({
      name: "Tell our newsletter",
      trigger: { type: "contact.created" },
      filter: null,
      condition: "",
      steps: [
        newStep("http.request", {
          method: "POST",
          url: "https://example.com/contacts",
          json: { name: "{{ contact.givenName }} {{ contact.familyName }}", emails: "{{ contact.emailAddresses }}" },
        }),
      ],
      secrets: {},
    }),
  },
  {
    title: "A mail about a new organization",
    says: "Somebody learns at once of each organization that is made.",
    rule: () => ({
      name: "New organization",
      trigger: { type: "organization.created" },
      filter: null,
      condition: "",
      steps: [
        newStep("email.send", {
          to: "{{ owner.email }}",
          subject: "New: {{ organization.name }}",
          text: "{{ actor.name }} made the organization {{ organization.name }}.",
        }),
      ],
      secrets: {},
    }),
  },
];

/** Recipes for a pipeline or for a team. */
export function recipesOf({ pipeline }: Pick<Scope, "pipeline">): Recipe[] {
  return pipeline ? RECIPES : TEAM_RECIPES;
}

export function blank(type: string): Rule {
  return { name: "", trigger: { type }, filter: null, condition: "", steps: [], secrets: {} };
}
