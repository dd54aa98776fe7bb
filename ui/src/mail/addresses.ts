/** The members of a request that name a sender: `a@b.example` is an address, `b.example` and `@b.example` are domains. */
export function addressOrDomain(typed: string): { address: string } | { domain: string } {
  const text = typed.trim();
  return text.lastIndexOf("@") > 0 ? { address: text } : { domain: text.replace(/^@/, "") };
}
