import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { dropTargetForExternal, monitorForExternal } from "@atlaskit/pragmatic-drag-and-drop/external/adapter";
import { containsFiles, getFiles } from "@atlaskit/pragmatic-drag-and-drop/external/file";
import { preventUnhandled } from "@atlaskit/pragmatic-drag-and-drop/prevent-unhandled";
import { type RefObject, useEffect, useRef, useState } from "react";

/**
 * Takes files that are dropped on the element. Returns true while files are held over it. Of elements within each other,
 * only the innermost takes the files.
 */
export function useDropped(
  element: RefObject<HTMLElement | null>,
  onFiles: (files: File[]) => void,
  wanted: boolean,
): boolean {
  const [over, setOver] = useState(false);
  const newest = useRef(onFiles);
  useEffect(() => {
    newest.current = onFiles;
  });
  useEffect(() => {
    const target = element.current;
    if (!target || !wanted) return;
    return combine(
      dropTargetForExternal({
        element: target,
        canDrop: containsFiles,
        onDropTargetChange: ({ location }) => setOver(location.current.dropTargets[0]?.element === target),
        onDragEnter: ({ location }) => setOver(location.current.dropTargets[0]?.element === target),
        onDragLeave: () => setOver(false),
        onDrop: ({ source, location }) => {
          setOver(false);
          if (location.current.dropTargets[0]?.element === target) newest.current(getFiles({ source }));
        },
      }),
      // A file that is dropped beside the element must not replace the page.
      monitorForExternal({ onDragStart: () => preventUnhandled.start(), onDrop: () => preventUnhandled.stop() }),
    );
  }, [element, wanted]);
  return over;
}
