/** The text of a draft: what its author writes, and the e-mail that it quotes. */
const QUOTE = '<div class="gmail_quote">';

/** The author's own part, which the editor shows, and the quoted e-mail after it, which is never changed. */
export function splitQuote(html: string): { own: string; quote: string } {
  const at = html.indexOf(QUOTE);
  return at < 0 ? { own: html, quote: "" } : { own: html.slice(0, at), quote: html.slice(at) };
}

/** HTML for the editor, without inline styles: the policy of the page forbids them. */
export function withoutStyles(html: string): string {
  return html.replace(/\sstyle\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)/gi, "");
}

const ATTACHED =
  /\b(?:attach(?:ed|ing|ment|ments)?|enclosed|enclosure|anbei|angehängt|anhang|anhänge|beigefügt|im anhang|pièces? jointes?|ci-joint|adjunt[oa]s?|allegat[oi]|bijlagen?|em anexo|w załączniku)(?![\p{L}\p{N}])/iu;

/** Whether the text speaks of an attachment. */
export function namesAttachment(html: string): boolean {
  const text = html.replace(/<[^>]*>/g, " ").replace(/&nbsp;/g, " ");
  return ATTACHED.test(text);
}

const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;"]+$/;

/** Whether the text is an address, with or without a name: `Zoe Zuse <zoe@client.example>`. */
export function isRecipient(text: string): boolean {
  const named = /^(.*)<([^<>]*)>$/.exec(text.trim());
  return ADDRESS.test((named?.[2] ?? text).trim());
}

/** The name of a recipient, or the address if there is none. */
export function recipientName(text: string): string {
  const named = /^(.*)<([^<>]*)>$/.exec(text.trim());
  return named?.[1]?.trim().replace(/^"(.*)"$/, "$1") || (named?.[2] ?? text).trim();
}
