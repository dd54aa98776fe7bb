import type { WebhookOut } from "../api/schema";

export type Health = { light: "good" | "ailing" | "off" | "paused"; words: string };

/** The health of a webhook subscription: a colour and a sentence. */
export function healthOf(hook: Pick<WebhookOut, "active" | "offReason" | "failingSince">): Health {
  if (!hook.active && hook.offReason) return { light: "off", words: `Switched off: ${hook.offReason}` };
  if (!hook.active) return { light: "paused", words: "Switched off" };
  if (hook.failingSince) return { light: "ailing", words: "Failing: it is tried again and again" };
  return { light: "good", words: "In order" };
}
