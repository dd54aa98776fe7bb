/** What the user may do, as far as the UI can know. The server decides. */
import type { Box } from "./boxes";
import type { PipelineOut } from "./schema";

const OWN = "ASSIGNED_TO";
const BUILT_IN: Record<string, string> = {
  __adminPermissionSet__: "NONE",
  __editAllPermissionSet__: "NONE",
  __editAssignedBoxCreatePermissionSet__: OWN,
  __editAssignedPermissionSet__: OWN,
  __viewAllPermissionSet__: "",
  __viewAssignedPermissionSet__: "",
  __noAccessPermissionSet__: "",
};

/** What a box holds that a permission set may grant without the box. */
export type Part = "TASK" | "COMMENT" | "MEETING" | "FILE" | "THREAD";
type Shared = Pick<PipelineOut, "aclEntries" | "defaultPermissionSetName" | "customPermissionSets">;

/** Whether the user may change the box, or with `part` add to or change this part of it. */
export function mayEdit(
  pipeline: Shared,
  userKey: string,
  box: Pick<Box, "assignedToSharingEntries">,
  part?: Part,
): boolean {
  const mine = pipeline.aclEntries.find((each) => each.userKey === userKey);
  const name = mine?.permissionSetName ?? pipeline.defaultPermissionSetName;
  const condition = BUILT_IN[name] ?? customCondition(pipeline.customPermissionSets[name]?.permissions ?? [], part);
  if (condition === OWN) return box.assignedToSharingEntries.some((each) => each.userKey === userKey);
  return condition !== "";
}

/** For permission sets with other conditions only the server knows the result, so the UI lets the user try. */
function customCondition(
  permissions: { entityType: string; action: string; conditionalCheck: string }[],
  part?: Part,
): string {
  const grants = permissions.filter(
    (each) =>
      (["BOX", "*"].includes(each.entityType) && ["UPDATE", "*"].includes(each.action)) ||
      (each.entityType === part && each.action !== "GET"),
  );
  if (grants.length === 0) return "";
  return grants.every((each) => each.conditionalCheck === OWN) ? OWN : "NONE";
}
