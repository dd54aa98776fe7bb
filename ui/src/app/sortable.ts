import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { draggable, dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import { attachClosestEdge, extractClosestEdge } from "@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge";

/** Makes an element one of a list whose order is changed by dragging: told the key that was dropped on it, and whether
 * below its middle. Gives what undoes it. */
export function sortable(
  element: HTMLElement,
  kind: string,
  key: string,
  onEdge: (edge: "top" | "bottom" | null) => void,
  onDrop: (key: string, below: boolean) => void,
): () => void {
  return combine(
    draggable({ element, getInitialData: () => ({ kind, key }) }),
    dropTargetForElements({
      element,
      canDrop: ({ source }) => source.data.kind === kind && source.data.key !== key,
      getData: ({ input }) => attachClosestEdge({}, { element, input, allowedEdges: ["top", "bottom"] }),
      onDrag: ({ self }) => onEdge(extractClosestEdge(self.data) as "top" | "bottom" | null),
      onDragLeave: () => onEdge(null),
      onDrop: ({ source, self }) => {
        onEdge(null);
        onDrop(String(source.data.key), extractClosestEdge(self.data) === "bottom");
      },
    }),
  );
}
