import { Button, Group, Modal } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { send } from "../api/client";
import { problemOf } from "../api/problem";
import type { FileOut } from "../api/schema";
import { Ready } from "../components/states";
import { contentsOf } from "./contents";
import classes from "./Files.module.css";

/** Preview of a file: an image, or a PDF in the browser's own viewer. */
export default function Preview({ file, onClose }: { file: FileOut; onClose: () => void }) {
  const isPdf = file.mimeType === "application/pdf";
  return (
    <Modal
      opened
      onClose={onClose}
      size="min(1000px, 94vw)"
      title={
        <Group gap="md" wrap="nowrap">
          <strong className="cut">{file.fileName}</strong>
          <Button
            component="a"
            variant="default"
            size="compact-xs"
            leftSection={<IconDownload size={14} />}
            href={contentsOf(file)}
            download={file.fileName}
          >
            Download
          </Button>
        </Group>
      }
    >
      {isPdf ? <Pdf file={file} /> : <img className={classes.picture} src={contentsOf(file)} alt={file.fileName} />}
    </Modal>
  );
}

function Pdf({ file }: { file: FileOut }) {
  const query = useQuery({
    queryKey: ["contents", file.key],
    gcTime: 0,
    queryFn: async () => {
      const answer = await send(new Request(contentsOf(file)));
      if (!answer.ok) throw await problemOf(answer);
      return new Blob([await answer.arrayBuffer()], { type: "application/pdf" });
    },
  });
  return <Ready query={query}>{(blob) => <Viewer blob={blob} title={file.fileName} />}</Ready>;
}

function Viewer({ blob, title }: { blob: Blob; title: string }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url === "" ? null : <iframe className={classes.pdf} src={url} title={title} />;
}
