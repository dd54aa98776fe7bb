/** The six roles of a pipeline in words, strongest first. Each is a permission set. */
export const ROLES = [
  { value: "__adminPermissionSet__", label: "Admin", says: "everything, sharing and settings too" },
  { value: "__editAllPermissionSet__", label: "Editor", says: "edits all boxes" },
  {
    value: "__editAssignedBoxCreatePermissionSet__",
    label: "Creator",
    says: "sees all boxes, makes new ones, edits assigned ones",
  },
  { value: "__editAssignedPermissionSet__", label: "Assignee", says: "sees and edits assigned boxes" },
  { value: "__viewAllPermissionSet__", label: "Viewer", says: "sees all boxes" },
  { value: "__viewAssignedPermissionSet__", label: "Observer", says: "sees assigned boxes" },
];

export const NO_ACCESS = { value: "__noAccessPermissionSet__", label: "No access", says: "is kept out" };

/** The roles that can be assigned: the six roles, the pipeline's own assignable permission sets, and no access. */
export function choices(custom: Record<string, { userAssignable: boolean }>): { value: string; label: string }[] {
  const names = Object.keys(custom).filter((name) => custom[name]?.userAssignable);
  return [...ROLES, ...names.map((name) => ({ value: name, label: name })), NO_ACCESS];
}

export function inWords(role: string): string {
  return [...ROLES, NO_ACCESS].find((each) => each.value === role)?.label ?? role;
}
