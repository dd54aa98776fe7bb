/**
 * Every screen, one entry each: its path, and the file that draws it, which is loaded when the screen is first opened.
 */
import {
  IconAddressBook,
  IconBolt,
  IconBuilding,
  IconChartBar,
  IconCheckbox,
  IconForms,
  IconInbox,
  IconLayoutKanban,
  IconPlugConnected,
  IconSettings,
  IconTable,
  IconTableImport,
  IconTrash,
  IconUsersGroup,
  type TablerIcon,
} from "@tabler/icons-react";
import type { ComponentType } from "react";

export type Screen = {
  path: string;
  load: () => Promise<{ default: ComponentType }>;
  /** Makes it a tab of its pipeline. Only for paths below `/pipelines/:pipeline`. */
  tab?: { label: string; icon: TablerIcon };
  /** Adds it to the sidebar, with the keys that open it. */
  nav?: { label: string; icon: TablerIcon; keys?: string };
  /** Adds it to the palette only. */
  found?: { label: string; keys?: string; words?: string };
  /** Drawn without the sidebar, also for visitors who are not signed in. */
  bare?: boolean;
};

export const SCREENS: Screen[] = [
  { path: "/welcome", load: () => import("./Welcome"), bare: true },
  { path: "/invitation", load: () => import("./Invitation"), bare: true },
  { path: "/connect", load: () => import("./Connect") },
  { path: "/reset", load: () => import("./Reset"), bare: true },
  { path: "/", load: () => import("./Home"), found: { label: "Home", keys: "g h", words: "first steps" } },
  { path: "/pipelines/:pipeline", load: () => import("./Table"), tab: { label: "Table", icon: IconTable } },
  {
    path: "/pipelines/:pipeline/board",
    load: () => import("./Board"),
    tab: { label: "Board", icon: IconLayoutKanban },
  },
  {
    path: "/pipelines/:pipeline/reports",
    load: () => import("./Reports"),
    tab: { label: "Reports", icon: IconChartBar },
  },
  {
    path: "/pipelines/:pipeline/automations",
    load: () => import("./Automations"),
    tab: { label: "Automations", icon: IconBolt },
  },
  { path: "/pipelines/:pipeline/automations/:automation", load: () => import("./Automation") },
  {
    path: "/pipelines/:pipeline/forms",
    load: () => import("./Forms"),
    tab: { label: "Forms", icon: IconForms },
  },
  {
    path: "/pipelines/:pipeline/integrations",
    load: () => import("./PipelineIntegrations"),
    tab: { label: "Integrations", icon: IconPlugConnected },
  },
  {
    path: "/pipelines/:pipeline/settings",
    load: () => import("./Settings"),
    tab: { label: "Settings", icon: IconSettings },
  },
  {
    path: "/pipelines/:pipeline/import",
    load: () => import("./ImportExport"),
    tab: { label: "Import & export", icon: IconTableImport },
  },
  { path: "/pipelines/:pipeline/webhooks/:webhook", load: () => import("./Webhook") },
  { path: "/pipelines/:pipeline/inbound/:inbound", load: () => import("./Inbound") },
  { path: "/search", load: () => import("./Search"), found: { label: "Search", keys: "g s", words: "find results" } },
  {
    path: "/tasks",
    load: () => import("./Tasks"),
    nav: { label: "Tasks", icon: IconCheckbox, keys: "g t" },
  },
  {
    path: "/mail",
    load: () => import("./ToBeBoxed"),
    nav: { label: "To be boxed", icon: IconInbox, keys: "g e" },
  },
  {
    path: "/mail/sent",
    load: () => import("./SentMail"),
    found: { label: "Sent and scheduled", keys: "g l", words: "e-mail letters drafts later outbox sent" },
  },
  {
    path: "/mail/mailboxes",
    load: () => import("./Mailboxes"),
    found: { label: "Mailboxes", keys: "g b", words: "e-mail imap gmail microsoft fastmail connect settings" },
  },
  {
    path: "/mail/blocks",
    load: () => import("./BlockedSenders"),
    found: { label: "Blocked senders", words: "e-mail block blacklist spam domain settings" },
  },
  {
    path: "/mail/mailings",
    load: () => import("./Mailings"),
    found: { label: "Mailings", words: "e-mail merge newsletter campaign bulk" },
  },
  { path: "/mail/mailings/:mailing", load: () => import("./Mailing") },
  {
    path: "/mail/sequences",
    load: () => import("./Sequences"),
    found: { label: "Sequences", words: "e-mail follow up cadence drip steps" },
  },
  { path: "/mail/sequences/:sequence", load: () => import("./Sequence") },
  {
    path: "/mail/snippets",
    load: () => import("./Snippets"),
    found: { label: "Snippets", words: "e-mail text template shortcut reply answer" },
  },
  {
    path: "/contacts",
    load: () => import("./Contacts"),
    nav: { label: "Contacts", icon: IconAddressBook, keys: "g c" },
  },
  { path: "/contacts/:contact", load: () => import("./Contact") },
  {
    path: "/organizations",
    load: () => import("./Organizations"),
    nav: { label: "Organizations", icon: IconBuilding, keys: "g o" },
  },
  { path: "/organizations/:organization", load: () => import("./Organization") },
  {
    path: "/team",
    load: () => import("./Team"),
    nav: { label: "Team", icon: IconUsersGroup, keys: "g m" },
  },
  {
    path: "/integrations",
    load: () => import("./Integrations"),
    nav: { label: "Integrations", icon: IconPlugConnected, keys: "g i" },
  },
  { path: "/integrations/keys/:apikey", load: () => import("./ApiKey") },
  { path: "/teams/:team/automations", load: () => import("./Automations") },
  { path: "/teams/:team/automations/:automation", load: () => import("./Automation") },
  {
    path: "/notifications",
    load: () => import("./Notifications"),
    found: { label: "Notifications", words: "bell unread inbox mentions" },
  },
  { path: "/proposals", load: () => import("./Proposals"), found: { label: "Proposals", words: "approve agent key" } },
  {
    path: "/streak",
    load: () => import("./Streak"),
    found: { label: "Move from Streak", words: "import migrate mirror copy api key" },
  },
  { path: "/trash", load: () => import("./Trash"), nav: { label: "Trash", icon: IconTrash, keys: "g d" } },
  {
    path: "/account",
    load: () => import("./Account"),
    found: {
      label: "Your account",
      keys: "g a",
      words: "profile name password sessions authenticator passkeys time zone mail digest settings",
    },
  },
  { path: "/boxes/:box", load: () => import("./BoxPage") },
  { path: "*", load: () => import("./NotFound") },
];

/** Draws the box that `?box=` names beside the current screen. */
export const PANEL: () => Promise<{ default: ComponentType<{ box: string; onClose: () => void }> }> = () =>
  import("./BoxPanel");

export const PIPELINE_ICON = IconLayoutKanban;
