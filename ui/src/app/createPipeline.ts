import { client } from "../api/client";
import { queries } from "../api/queries";
import type { PipelineOut } from "../api/schema";
import type { Template } from "./templates";

/** Creates a pipeline with the template's stages, theme and fields. Returns its key. */
export async function createPipeline(
  name: string,
  teamKey: string,
  template: Template,
  shared: boolean,
): Promise<string> {
  const { data } = await client.POST("/v2/pipelines", {
    body: { name, teamKey, stages: template.stages, teamWide: shared } as never,
  });
  const created = data as PipelineOut;
  const pipeline = created.key;
  await client.POST("/v2/pipelines/{pipeline}", {
    params: { path: { pipeline } },
    body: { stageColorTheme: template.theme } as never,
  });
  for (const { name: field, type, options = [] } of template.fields) {
    const settings =
      type === "TAG"
        ? { tagSettings: { tags: options.map((tag) => ({ tag })) } }
        : type === "DROPDOWN"
          ? { dropdownSettings: { items: options.map((each) => ({ name: each })) } }
          : {};
    await client.POST("/v2/pipelines/{pipeline}/fields", {
      params: { path: { pipeline } },
      body: { name: field, type, ...settings } as never,
    });
  }
  await queries.invalidateQueries({ queryKey: ["get", "/v2/pipelines"] });
  return pipeline;
}
