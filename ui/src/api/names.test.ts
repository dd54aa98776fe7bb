import { expect, test } from "vitest";
import { contactOf, organizationOf } from "./names";

test.each([
  ["Ann Lee", { givenName: "Ann", familyName: "Lee" }],
  ["Ann", { givenName: "Ann" }],
  ["Ann van der Lee", { givenName: "Ann", familyName: "van der Lee" }],
  ["ann@example.com", { emailAddresses: ["ann@example.com"] }],
  ["Ann Lee <ann@example.com>", { givenName: "Ann", familyName: "Lee", emailAddresses: ["ann@example.com"] }],
  ["Ann Lee ann@example.com", { givenName: "Ann", familyName: "Lee", emailAddresses: ["ann@example.com"] }],
])("a contact is made of %s", (words, made) => expect(contactOf(words)).toEqual(made));

test.each([
  ["Acme", { name: "Acme" }],
  ["Acme, Inc.", { name: "Acme, Inc." }],
  ["Acme.com", { domains: ["acme.com"] }],
  ["St. John", { name: "St. John" }],
])("an organization is made of %s", (words, made) => expect(organizationOf(words)).toEqual(made));
