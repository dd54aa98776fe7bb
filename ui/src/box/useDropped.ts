import { combine } from "@atlaskit/pragmatic-drag-and-drop/combine";
import { dropTargetForExternal, monitorForExternal } from "@atlaskit/pragmatic-drag-and-drop/external/adapter";
import { containsFiles, getFiles } from "@atlaskit/pragmatic-drag-and-drop/external/file";
import { preventUnhandled } from "@atlaskit/pragmatic-drag-and-drop/prevent-unhandled";
import { type RefObject, useEffect, useState } from "react";
import { useUploads } from "./uploads";

/** Takes files that are dropped on the element. Returns true while files are held over it. */
export function useDropped(element: RefObject<HTMLElement | null>, box: string, wanted: boolean): boolean {
  const [over, setOver] = useState(false);
  const { upload } = useUploads(box);
  // biome-ignore lint/correctness/useExhaustiveDependencies: upload never changes its behaviour
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
      // A file that is dropped beside the box must not replace the page.
      monitorForExternal({ onDragStart: () => preventUnhandled.start(), onDrop: () => preventUnhandled.stop() }),
    );
  }, [box, wanted]);
  return over;
}
