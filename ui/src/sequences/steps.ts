/** The steps of a sequence, and its runs, in words. */
import { queries } from "../api/queries";
import type { SequenceOut, SequenceRunOut } from "../api/schema";

export type StepType = "mail" | "wait" | "task" | "condition";
/** A step as the API has it. Members that the editor does not show are kept. */
export type Step = { type: StepType; [member: string]: unknown };
/** A step in the editor, which tells steps apart that are alike. */
export type Line = { id: number; step: Step };

export const TYPES: Record<StepType, { label: string; first: Step }> = {
  mail: { label: "E-mail", first: { type: "mail", subject: "", html: "" } },
  wait: { label: "Wait", first: { type: "wait", days: 3 } },
  task: { label: "Task", first: { type: "task", text: "" } },
  condition: { label: "Condition", first: { type: "condition", else: "stop" } },
};

export const STOPS = [
  { value: "reply", label: "The recipient replies" },
  { value: "bounce", label: "An e-mail comes back" },
  { value: "unsubscribe", label: "The recipient unsubscribes" },
  { value: "meeting", label: "A call or meeting is logged" },
  { value: "stage", label: "The box moves to another stage" },
];

let last = 0;

export function linesOf(steps: SequenceOut["steps"]): Line[] {
  return steps.map((step) => ({ id: ++last, step: step as Step }));
}

export function newLine(type: StepType): Line {
  return { id: ++last, step: TYPES[type].first };
}

/** Moves a line up or down by one place. */
export function moved(lines: readonly Line[], at: number, by: -1 | 1): Line[] {
  const next = [...lines];
  const [line] = next.splice(at, 1);
  if (line) next.splice(at + by, 0, line);
  return next;
}

/** "2 e-mails in 5 working days" */
export function stepsInWords(steps: SequenceOut["steps"]): string {
  const mails = steps.filter((each) => each.type === "mail").length;
  const days = steps.reduce((sum, each) => sum + (each.type === "wait" ? Number(each.days) || 0 : 0), 0);
  const written = mails === 1 ? "1 e-mail" : `${mails} e-mails`;
  if (days === 0) return written;
  return `${written} in ${days === 1 ? "1 working day" : `${days} working days`}`;
}

type State = { label: string; colour: "gray" | "blue" | "green" | "orange" | "red" };
const STATES: Record<string, State> = {
  running: { label: "Running", colour: "blue" },
  done: { label: "Done", colour: "green" },
  stopped: { label: "Stopped", colour: "gray" },
  failed: { label: "Failed", colour: "red" },
};
const REASONS: Record<string, string> = {
  reply: "the recipient replied",
  bounce: "an e-mail came back",
  unsubscribe: "the recipient unsubscribed",
  meeting: "a call or meeting was logged",
  stage: "the box moved to another stage",
};

export function runState({ state }: Pick<SequenceRunOut, "state">): State {
  return STATES[state] ?? { label: state, colour: "gray" };
}

export function endInWords({ reason }: Pick<SequenceRunOut, "reason">): string {
  return reason ? (REASONS[reason] ?? reason) : "";
}

export const refreshSequences = () =>
  queries.invalidateQueries({ predicate: ({ queryKey }) => /\/v2\/sequence|sequenceruns/.test(String(queryKey[1])) });
