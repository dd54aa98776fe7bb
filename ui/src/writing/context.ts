/** Writing e-mail on a screen: its drafts and letters, and which draft is open. The address says which. */
import { useMutation } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { api, client } from "../api/client";
import type { DraftCreate, DraftOut, LetterOut, PipelineOut } from "../api/schema";
import { useSearch } from "../lib/search";
import { refreshDrafts } from "./saving";

export type Writing = {
  drafts: DraftOut[];
  letters: LetterOut[];
  pipeline: PipelineOut | null;
  open: string | null;
  onOpen: (draft: string | null) => void;
  begin: (draft: DraftCreate) => void;
  mayWrite: boolean;
};

export const WritingContext = createContext<Writing | null>(null);

/** What belongs to the screen; null on screens on which no e-mail is written. */
export const useWriting = () => useContext(WritingContext);

type Place = { box?: string; pipeline: PipelineOut | null; mayWrite: boolean };

export function useWritingHere({ box, pipeline, mayWrite }: Place): Writing {
  const [search, setSearch] = useSearch();
  const query = box ? { boxKey: box } : {};
  const drafts = api.useQuery("get", "/v2/drafts", { params: { query } }, { enabled: mayWrite });
  const letters = api.useQuery("get", "/v2/letters", { params: { query } });
  const onOpen = (draft: string | null) =>
    setSearch(
      (before) => {
        if (draft) before.set("draft", draft);
        else before.delete("draft");
        return before;
      },
      { replace: true },
    );
  const begin = useMutation({
    mutationFn: async (body: DraftCreate) => (await client.POST("/v2/drafts", { body })).data as DraftOut,
    onSuccess: async (draft) => {
      await refreshDrafts();
      onOpen(draft.key);
    },
  });
  return {
    drafts: drafts.data?.results ?? [],
    letters: letters.data?.results ?? [],
    pipeline,
    open: search.get("draft"),
    onOpen,
    begin: (body) => !begin.isPending && begin.mutate(body),
    mayWrite,
  };
}
