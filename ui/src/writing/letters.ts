/** Letters: e-mail that waits to be sent, or was sent. */
import { client } from "../api/client";
import { queries } from "../api/queries";
import type { LetterOut, LetterWithDraft } from "../api/schema";
import { refreshDrafts } from "./saving";
import { timeInWords } from "./sendTimes";

type State = { label: string; colour: "gray" | "blue" | "green" | "orange" | "red" };

export const STATES: Record<string, State> = {
  scheduled: { label: "Scheduled", colour: "blue" },
  handing: { label: "Being sent", colour: "blue" },
  sent: { label: "Sent", colour: "green" },
  refused: { label: "Not sent", colour: "red" },
  doubtful: { label: "Perhaps sent", colour: "orange" },
  cancelled: { label: "Cancelled", colour: "gray" },
};

/** Whether it waits, is being sent, or somebody has to decide about it. */
export function isOnItsWay({ state }: Pick<LetterOut, "state">): boolean {
  return ["scheduled", "handing", "doubtful"].includes(state);
}

const SOON = 60_000;

export function stateOf(letter: Pick<LetterOut, "state" | "dueTimestamp">, now: number): State {
  const state = STATES[letter.state] ?? { label: letter.state, colour: "gray" };
  if (letter.state !== "scheduled") return state;
  return {
    ...state,
    label: letter.dueTimestamp < now + SOON ? "Being sent" : `Sent ${timeInWords(letter.dueTimestamp)}`,
  };
}

export const refreshLetters = () => queries.invalidateQueries({ queryKey: ["get", "/v2/letters"] });

/** Cancels a letter that waits. Returns the draft that it was, if there is one. */
export async function takeBack(letter: string): Promise<string | null> {
  const { data } = await client.POST("/v2/letters/{letter}/cancel", { params: { path: { letter } } });
  await Promise.all([refreshLetters(), refreshDrafts()]);
  return (data as LetterWithDraft).draft?.key ?? null;
}

/** Decides about a letter that may have been sent: it was, or it is a draft again. Returns the draft. */
export async function resolve(letter: string, as: "sent" | "draft"): Promise<string | null> {
  const { data } = await client.POST("/v2/letters/{letter}/resolve", { params: { path: { letter } }, body: { as } });
  await Promise.all([refreshLetters(), refreshDrafts()]);
  return (data as LetterWithDraft).draft?.key ?? null;
}
