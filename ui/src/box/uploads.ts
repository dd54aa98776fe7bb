/** Files on their way to a box; they go on while the box is closed, and wait for a sign-in where the session ended. */
import { useSyncExternalStore } from "react";
import { client } from "../api/client";
import { queries } from "../api/queries";

export type Upload = { id: number; box: string; file: File; error?: unknown };

let all: Upload[] = [];
let last = 0;
const listeners = new Set<() => void>();

function become(next: Upload[]): void {
  all = next;
  for (const each of [...listeners]) each();
}

const forget = (id: number) => become(all.filter((each) => each.id !== id));

async function send(one: Upload): Promise<void> {
  become([...all.filter((each) => each.id !== one.id), one]);
  const form = new FormData();
  form.append("file", one.file);
  try {
    await client.POST("/v2/boxes/{box}/files", {
      params: { path: { box: one.box } },
      body: { file: "" },
      bodySerializer: () => form,
    });
    await queries.invalidateQueries({ queryKey: ["get", "/v1/boxes/{box}/files"] });
    forget(one.id);
  } catch (error) {
    become(all.map((each) => (each.id === one.id ? { ...each, error } : each)));
  }
}

/** One after the other, so that the order on the box is the order chosen. */
async function upload(box: string, files: File[], id?: number): Promise<void> {
  const wanted = files.map((file) => ({ id: id ?? ++last, box, file }));
  become([...all.filter((each) => each.id !== id), ...wanted]);
  for (const each of wanted) await send(each);
}

export function useUploads(box: string) {
  const uploads = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => all,
  );
  return {
    uploads: uploads.filter((each) => each.box === box),
    upload: (files: File[], id?: number) => void upload(box, files, id),
    forget,
  };
}
