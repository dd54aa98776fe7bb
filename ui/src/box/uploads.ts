/** Uploads of files to a box. They continue while the box is closed, and wait for a sign-in if the session ended. */
import { useSyncExternalStore } from "react";
import { client } from "../api/client";
import { queries } from "../api/queries";

export type Upload = { id: number; box: string; file: File; error?: unknown };

let all: Upload[] = [];
let last = 0;
const listeners = new Set<() => void>();

function setUploads(next: Upload[]): void {
  all = next;
  for (const each of [...listeners]) each();
}

const forget = (id: number) => setUploads(all.filter((each) => each.id !== id));

async function send(pending: Upload): Promise<void> {
  setUploads([...all.filter((each) => each.id !== pending.id), pending]);
  const form = new FormData();
  form.append("file", pending.file);
  try {
    await client.POST("/v2/boxes/{box}/files", {
      params: { path: { box: pending.box } },
      body: { file: "" },
      bodySerializer: () => form,
    });
    await queries.invalidateQueries({ queryKey: ["get", "/v1/boxes/{box}/files"] });
    forget(pending.id);
  } catch (error) {
    setUploads(all.map((each) => (each.id === pending.id ? { ...each, error } : each)));
  }
}

/** Uploads one file after another, so that the files of the box have the chosen order. */
async function upload(box: string, files: File[], id?: number): Promise<void> {
  const wanted = files.map((file) => ({ id: id ?? ++last, box, file }));
  setUploads([...all.filter((each) => each.id !== id), ...wanted]);
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
