import { expect, test } from "vitest";
import { addressOrDomain } from "./addresses";

test("an address has a part before the @, a domain has none", () => {
  expect(addressOrDomain(" zoe@zuse.example ")).toEqual({ address: "zoe@zuse.example" });
  expect(addressOrDomain("zuse.example")).toEqual({ domain: "zuse.example" });
  expect(addressOrDomain("@zuse.example")).toEqual({ domain: "zuse.example" });
});
