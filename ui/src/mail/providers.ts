/** Servers of known providers, and how one signs in there. */
import type { MailboxCreate } from "../api/schema";

export type Security = "tls" | "starttls" | "none";
export type Server = { host: string; port: number; security: Security; user?: string; password?: string };

export type Preset = {
  value: string;
  label: string;
  imap?: Server;
  smtp?: Server;
  /** The name by which the server knows the provider's sign-in. */
  provider?: "google" | "microsoft";
  /** Whether an app password works too. */
  hasPassword: boolean;
  /** How the user gets a password. */
  hint: string;
};

export const PRESETS: Preset[] = [
  {
    value: "gmail",
    label: "Gmail",
    imap: { host: "imap.gmail.com", port: 993, security: "tls" },
    smtp: { host: "smtp.gmail.com", port: 465, security: "tls" },
    provider: "google",
    hasPassword: true,
    hint: "Create an app password in your Google account, under 2-Step Verification.",
  },
  {
    value: "microsoft",
    label: "Microsoft 365",
    provider: "microsoft",
    hasPassword: false,
    hint: "You sign in at Microsoft. The operator of this server must have registered it there.",
  },
  {
    value: "fastmail",
    label: "Fastmail",
    imap: { host: "imap.fastmail.com", port: 993, security: "tls" },
    smtp: { host: "smtp.fastmail.com", port: 465, security: "tls" },
    hasPassword: true,
    hint: "Create an app password in Fastmail: Settings, Privacy & Security, Connected apps.",
  },
  { value: "own", label: "Own server", hasPassword: true, hint: "The password of the mailbox, or an app password." },
];

export type Typed = {
  address: string;
  password: string;
  signsIn: boolean;
  imap: Server;
  smtp: Server;
};

/** The part of a request that says how to reach and enter the mailbox. */
export function connectionOf(preset: Preset, typed: Typed): Pick<MailboxCreate, "imap" | "smtp" | "provider"> {
  if (preset.provider && (typed.signsIn || !preset.hasPassword)) return { provider: preset.provider };
  const imap = preset.imap ?? filled(typed.imap);
  const smtp = preset.smtp ?? (typed.smtp.host.trim() ? filled(typed.smtp) : undefined);
  const password = typed.password;
  return { imap: { ...imap, password }, ...(smtp && { smtp: { ...smtp, password } }) };
}

function filled({ host, port, security, user }: Server): Server {
  return { host: host.trim(), port, security, ...(user?.trim() && { user: user.trim() }) };
}

/** The usual port of a security, for reading (`imap`) or sending (`smtp`). */
export function usualPort(kind: "imap" | "smtp", security: Security): number {
  if (kind === "imap") return security === "tls" ? 993 : 143;
  return security === "tls" ? 465 : 587;
}
