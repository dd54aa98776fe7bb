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

export function mayEdit(
  pipeline: Pick<PipelineOut, "aclEntries" | "defaultPermissionSetName" | "customPermissionSets">,
  userKey: string,
  box: Pick<Box, "assignedToSharingEntries">,
): boolean {
  const mine = pipeline.aclEntries.find((each) => each.userKey === userKey);
  const name = mine?.permissionSetName ?? pipeline.defaultPermissionSetName;
  const condition = BUILT_IN[name] ?? customCondition(pipeline.customPermissionSets[name]?.permissions ?? []);
  if (condition === OWN) return box.assignedToSharingEntries.some((each) => each.userKey === userKey);
  return condition !== "";
}

/** For permission sets with other conditions only the server knows the result, so the UI lets the user try. */
function customCondition(permissions: { entityType: string; action: string; conditionalCheck: string }[]): string {
  const grants = permissions.filter(
    (each) => ["BOX", "*"].includes(each.entityType) && ["UPDATE", "*"].includes(each.action),
  );
  if (grants.length === 0) return "";
  return grants.every((each) => each.conditionalCheck === OWN) ? OWN : "NONE";
}
