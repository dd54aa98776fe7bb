/** Creates a box, lists the pipeline and reads the box, with types that were generated from /openapi.json. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const [baseUrl, token, pipeline, field] = process.argv.slice(2) as [string, string, string, string];
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

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
console.log(JSON.stringify([made, keys, read, refusal]));
