type Placed = { key: string; boxKey?: string; contactKey?: string; threadKey?: string };

/** The address of the screen on which a draft is written: that of its box or contact, else the list of sent e-mail. */
export function draftAddress({ key, boxKey, contactKey, threadKey }: Placed): string {
  const search = new URLSearchParams({ tab: "email", ...(threadKey && { thread: threadKey }), draft: key });
  if (boxKey) return `/boxes/${boxKey}?${search}`;
  if (contactKey) return `/contacts/${contactKey}?${search}`;
  return `/mail/sent?draft=${key}`;
}
