import { expect, test } from "vitest";
import { connectionOf, PRESETS, type Preset, type Typed, usualPort } from "./providers";

const preset = (value: string) => PRESETS.find((each) => each.value === value) as Preset;
const typed: Typed = {
  address: "ada@firm.example",
  password: "secret",
  signsIn: false,
  imap: { host: " imap.firm.example ", port: 143, security: "starttls", user: "" },
  smtp: { host: "", port: 465, security: "tls" },
};

test("a known provider needs only the password", () => {
  expect(connectionOf(preset("fastmail"), typed).imap).toEqual({
    host: "imap.fastmail.com",
    port: 993,
    security: "tls",
    password: "secret",
  });
  expect(connectionOf(preset("gmail"), typed).provider).toBeUndefined();
});

test("signing in at the provider sends no password", () => {
  expect(connectionOf(preset("gmail"), { ...typed, signsIn: true })).toEqual({ provider: "google" });
  expect(connectionOf(preset("microsoft"), typed)).toEqual({ provider: "microsoft" });
});

test("an own server is sent as it was typed, without an empty user and without an empty sending server", () => {
  expect(connectionOf(preset("own"), typed)).toEqual({
    imap: { host: "imap.firm.example", port: 143, security: "starttls", password: "secret" },
  });
  expect([usualPort("imap", "tls"), usualPort("imap", "none"), usualPort("smtp", "starttls")]).toEqual([993, 143, 587]);
});
