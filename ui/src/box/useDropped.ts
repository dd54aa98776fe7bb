import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { dropTargetForExternal, monitorForExternal } from "@atlaskit/pragmatic-drag-and-drop/external/adapter";
import { containsFiles, getFiles } from "@atlaskit/pragmatic-drag-and-drop/external/file";
import { preventUnhandled } from "@atlaskit/pragmatic-drag-and-drop/prevent-unhandled";
import { type RefObject, useEffect, useState } from "react";
import { useUploads } from "./uploads";

/** Takes files that are dropped on the element; true while some are held over it. */
export function useDropped(element: RefObject<HTMLElement | null>, box: string, wanted: boolean): boolean {
  const [over, setOver] = useState(false);
  const { upload } = useUploads(box);
  // biome-ignore lint/correctness/useExhaustiveDependencies: upload does the same each time
  useEffect(() => {
    const target = element.current;
    if (!target || !wanted) return;
    return combine(
      dropTargetForExternal({
        element: target,
        canDrop: containsFiles,
        onDragEnter: () => setOver(true),
        onDragLeave: () => setOver(false),
        onDrop: ({ source }) => {
          setOver(false);
          upload(getFiles({ source }));
        },
      }),
      // A file that misses the box by a little must not take the page's place.
      monitorForExternal({ onDragStart: () => preventUnhandled.start(), onDrop: () => preventUnhandled.stop() }),
    );
  }, [box, wanted]);
  return over;
}
