import { client } from "../api/client";
import type { MailingOut } from "../api/schema";
import { refreshMailings } from "./states";

/** Creates a mailing, to these boxes if there are any. Returns its address. */
export async function beginMailing(teamKey: string, name: string, boxKeys: string[] = []): Promise<string> {
  const { data } = await client.POST("/v2/mailings", { body: { name, teamKey } });
  const { key } = data as MailingOut;
  if (boxKeys.length > 0) {
    await client.POST("/v2/mailings/{mailing}/recipients", { params: { path: { mailing: key } }, body: { boxKeys } });
  }
  void refreshMailings();
  return `/mail/mailings/${key}?step=${boxKeys.length > 0 ? "what" : "who"}`;
}
