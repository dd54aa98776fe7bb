/** What an app may do, in the words of the screens. */
export const ACCESS: Record<string, { label: string; says: string }> = {
  read: { label: "Read", says: "Reads what you can read. Changes nothing." },
  propose: { label: "Propose", says: "Reads, and proposes changes. You approve or reject each one." },
  write: { label: "Write", says: "Reads, creates, changes and deletes, as you can. Changes no settings." },
};
