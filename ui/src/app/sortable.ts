import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { draggable, dropTargetForElements } from "@atlaskit/pragmatic-drag-and-drop/element/adapter";
import {
  attachClosestEdge,
  type Edge,
  extractClosestEdge,
} from "@atlaskit/pragmatic-drag-and-drop-hitbox/closest-edge";

/**
 * Makes an element of a list draggable, so that the user can change the list's order. `onDrop` receives the key of the
 * dropped element and whether it was dropped after the middle. Returns a function that removes the behaviour.
 */
export function sortable<E extends Edge = "top" | "bottom">(
  element: HTMLElement,
  kind: string,
  key: string,
  onEdge: (edge: NoInfer<E> | null) => void,
  onDrop: (key: string, after: boolean) => void,
  allowedEdges: [E, E] = ["top", "bottom"] as [Edge, Edge] as [E, E],
): () => void {
  return combine(
    draggable({ element, getInitialData: () => ({ kind, key }) }),
    dropTargetForElements({
      element,
      canDrop: ({ source }) => source.data.kind === kind && source.data.key !== key,
      getData: ({ input }) => attachClosestEdge({}, { element, input, allowedEdges }),
      onDrag: ({ self }) => onEdge(extractClosestEdge(self.data) as E | null),
      onDragLeave: () => onEdge(null),
      onDrop: ({ source, self }) => {
        onEdge(null);
        onDrop(String(source.data.key), extractClosestEdge(self.data) === allowedEdges[1]);
      },
    }),
  );
}
