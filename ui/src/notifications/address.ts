import type { NotificationOut } from "../api/schema";

/** The reasons for a notification. */
export const REASONS: Record<string, string> = {
  mention: "Mentions you",
  assigned: "Assigned to you",
  due: "Due",
  followed: "You follow it",
  failed: "Failed",
};

type Subject = Pick<NotificationOut, "kind" | "boxKey" | "pipelineKey" | "teamKey" | "objectKey">;

/** The address of the screen for the notification's object; undefined if the object was deleted. */
export function addressOf({ kind, boxKey, pipelineKey, teamKey, objectKey }: Subject): string | undefined {
  const noun = kind.split(".")[0];
  if (kind === "box.deleted") return "/trash";
  if (noun === "proposal") return "/proposals";
  if (kind === "webhook.gone" && pipelineKey) return `/pipelines/${pipelineKey}/integrations`;
  if (noun === "webhook" && pipelineKey) return `/pipelines/${pipelineKey}/webhooks/${objectKey}`;
  if (noun === "automation" && pipelineKey) return `/pipelines/${pipelineKey}/automations/${objectKey}`;
  if (noun === "automation" && teamKey) return `/teams/${teamKey}/automations/${objectKey}`;
  if (noun === "webhook") return "/integrations";
  if (boxKey) return pipelineKey ? `/pipelines/${pipelineKey}?box=${boxKey}` : `/boxes/${boxKey}`;
  return pipelineKey ? `/pipelines/${pipelineKey}` : undefined;
}
