/** Creates a box, lists the pipeline and reads the box, with types that were generated from /openapi.json. */
import { type components, connect, pages, verify } from "./index.js";

const [url, key, pipeline, field, secret, ...signed] = process.argv.slice(2) as [string, string, string, string, string];
const client = connect(url, key);

function found<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const body: components["schemas"]["BoxCreate"] = { name: "Müller & Co.", fields: { [field]: "fair" } };
const path = { pipeline };
const made = found(await client.POST("/v2/pipelines/{pipeline}/boxes", { params: { path }, body }));
const listed = found(
  await client.GET("/v2/pipelines/{pipeline}/boxes", { params: { path, query: { limit: 5 } } }),
);
const read = found(await client.GET("/v1/boxes/{box}", { params: { path: { box: made.key } } }));
const unknown = await client.GET("/v1/boxes/{box}", { params: { path: { box: `${made.key}x` } } });
const keys: string[] = listed.results.map((box) => box.key);
const refusal: components["schemas"]["Error"] | undefined = unknown.error;
for (const name of ["Two", "Three"]) {
  found(await client.POST("/v2/pipelines/{pipeline}/boxes", { params: { path }, body: { name } }));
}
const paged: string[] = [];
for await (const box of pages((place) =>
  client.GET("/v2/pipelines/{pipeline}/boxes", { params: { path, query: { limit: 1, ...place } } }),
)) {
  paged.push(box.key);
}
const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const headers = Object.fromEntries(names.map((name, at) => [name, signed[at] ?? ""]));
const verified = await verify('[{"name": "Acme"}]', headers, secret);
const forged = await verify('[{"name": "Evil"}]', headers, secret).catch(String);
console.log(JSON.stringify([made, keys, read, refusal, paged, verified, forged]));
