/** Templates for new pipelines: stages and fields that teams of that kind use. */
export type TemplateField = { name: string; type: string; options?: string[] };
export type Template = {
  id: string;
  name: string;
  says: string;
  theme: string;
  stages: string[];
  fields: TemplateField[];
};

export const TEMPLATES: Template[] = [
  {
    id: "sales",
    name: "Sales",
    says: "From the first contact to the signature",
    theme: "BLUE",
    stages: ["Lead", "Contacted", "Pitched", "Proposal", "Negotiation", "Won", "Lost"],
    fields: [
      { name: "Deal size", type: "TEXT_INPUT" },
      { name: "Close date", type: "DATE" },
      { name: "Source", type: "DROPDOWN", options: ["Website", "Referral", "Event", "Outbound"] },
      { name: "Company", type: "TEAM_ORGANIZATION" },
      { name: "Contact", type: "TEAM_CONTACT" },
    ],
  },
  {
    id: "hiring",
    name: "Hiring",
    says: "Candidates, interviews and offers",
    theme: "VIOLET",
    stages: ["Applied", "Screening", "Interview", "On-site", "Offer", "Hired", "Declined"],
    fields: [
      { name: "Role", type: "DROPDOWN", options: ["Engineer", "Designer", "Sales", "Operations"] },
      { name: "Interviewers", type: "PERSON" },
      { name: "Next interview", type: "DATE" },
      { name: "Skills", type: "TAG", options: ["Lead", "Senior", "Junior", "Remote"] },
      { name: "Salary expectation", type: "TEXT_INPUT" },
    ],
  },
  {
    id: "support",
    name: "Support",
    says: "Requests until they are solved",
    theme: "TRAFFIC_LIGHT_FADED",
    stages: ["New", "Waiting for us", "Waiting for customer", "Solved"],
    fields: [
      { name: "Priority", type: "DROPDOWN", options: ["Low", "Normal", "High", "Urgent"] },
      { name: "Due", type: "DATE" },
      { name: "Topic", type: "TAG", options: ["Billing", "Bug", "Question", "Feature"] },
      { name: "Escalated", type: "CHECKBOX" },
      { name: "Customer", type: "TEAM_CONTACT" },
    ],
  },
  {
    id: "fundraising",
    name: "Fundraising",
    says: "Investors and what they commit",
    theme: "GREEN",
    stages: ["Target", "Intro made", "First meeting", "Due diligence", "Term sheet", "Closed", "Passed"],
    fields: [
      { name: "Cheque size", type: "TEXT_INPUT" },
      { name: "Firm", type: "TEAM_ORGANIZATION" },
      { name: "Partner", type: "TEAM_CONTACT" },
      { name: "Next step by", type: "DATE" },
      { name: "Focus", type: "TAG", options: ["Seed", "Series A", "Growth", "Angel"] },
    ],
  },
  {
    id: "projects",
    name: "Projects",
    says: "What is planned, under way and done",
    theme: "TEAL",
    stages: ["Backlog", "Planned", "In progress", "Review", "Done"],
    fields: [
      { name: "Lead", type: "PERSON" },
      { name: "Due", type: "DATE" },
      { name: "Effort", type: "DROPDOWN", options: ["Small", "Medium", "Large"] },
      { name: "Blocked", type: "CHECKBOX" },
      { name: "Labels", type: "TAG", options: ["Client", "Internal", "Research"] },
    ],
  },
];

export const BLANK: Template = {
  id: "blank",
  name: "Blank",
  says: "Three stages and nothing else",
  theme: "DEFAULT",
  stages: ["To do", "Doing", "Done"],
  fields: [],
};
