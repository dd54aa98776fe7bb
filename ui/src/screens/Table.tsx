import { Table as Grid } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { api } from "../api/client";
import { usePipeline } from "../app/Frame";
import { kindOf } from "../fields/kinds";
import { Faces } from "../parts/People";
import { StageTag } from "../parts/StageTag";
import { Empty, Ready } from "../parts/states";

/** The pipeline's boxes, one a row. */
export default function Table() {
  const pipeline = usePipeline();
  const asked = api.useQuery("get", "/v2/pipelines/{pipeline}/boxes", {
    params: { path: { pipeline: pipeline.key }, query: { limit: 200 } },
  });
  return (
    <Ready query={asked}>
      {({ results }) =>
        results.length === 0 ? (
          <Empty icon={IconTable} title="No boxes yet">
            A box is one of the things that go through this pipeline.
          </Empty>
        ) : (
          <Grid stickyHeader highlightOnHover>
            <Grid.Thead>
              <Grid.Tr>
                <Grid.Th>Name</Grid.Th>
                <Grid.Th>Stage</Grid.Th>
                <Grid.Th>Assigned to</Grid.Th>
                {pipeline.fields.map((field) => (
                  <Grid.Th key={field.key}>{field.name}</Grid.Th>
                ))}
              </Grid.Tr>
            </Grid.Thead>
            <Grid.Tbody>
              {results.map((box) => {
                const stage = pipeline.stages[box.stageKey];
                return (
                  <Grid.Tr key={box.key}>
                    <Grid.Td>{box.name}</Grid.Td>
                    <Grid.Td>{stage && <StageTag stage={stage} />}</Grid.Td>
                    <Grid.Td>
                      <Faces people={box.assignedToSharingEntries} />
                    </Grid.Td>
                    {pipeline.fields.map((field) => {
                      const { Draw } = kindOf(field);
                      return (
                        <Grid.Td key={field.key}>
                          <Draw field={field} value={box.fields[field.key]} />
                        </Grid.Td>
                      );
                    })}
                  </Grid.Tr>
                );
              })}
            </Grid.Tbody>
          </Grid>
        )
      }
    </Ready>
  );
}
