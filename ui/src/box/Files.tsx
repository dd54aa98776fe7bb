import { ActionIcon, Button, FileButton, Loader, Text } from "@mantine/core";
import {
  IconBrandGoogleDrive,
  IconDownload,
  IconFile,
  IconFileTypePdf,
  IconPaperclip,
  IconPhoto,
  IconTrash,
} from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { api, client } from "../api/client";
import { messageOf } from "../api/problem";
import { queries } from "../api/queries";
import type { FileOut } from "../api/schema";
import { offerUndo } from "../api/undo";
import { Moment } from "../components/Moment";
import { failed } from "../components/toasts";
import { lazily } from "../lib/lazily";
import { contentsOf, isShown, targetOf } from "./contents";
import { useOpenBox } from "./context";
import classes from "./Files.module.css";
import { Section } from "./Section";
import { sizeInWords } from "./sizes";
import { useUploads } from "./uploads";

const Preview = lazily(() => import("./Preview"));

/** The files of the box. Files can be dropped anywhere on the box; images and PDFs have a preview. */
export function Files() {
  const { box, may } = useOpenBox();
  const mayEdit = may("FILE");
  const query = api.useQuery("get", "/v1/boxes/{box}/files", { params: { path: { box: box.key } } });
  const { uploads, upload, forget } = useUploads(box.key);
  const [open, setOpen] = useState<FileOut | null>(null);
  const files = query.data ?? [];
  return (
    <Section
      title="Files"
      count={files.length}
      action={
        mayEdit && (
          <FileButton multiple onChange={(chosen) => upload(chosen)}>
            {(props) => (
              <Button {...props} variant="subtle" color="gray" size="compact-xs">
                Add a file
              </Button>
            )}
          </FileButton>
        )
      }
    >
      {files.length === 0 && uploads.length === 0 && query.isSuccess && (
        <Text size="sm" className="quiet">
          {mayEdit ? "Drop files anywhere on the box to keep them here." : "No files yet."}
        </Text>
      )}
      <ul className={classes.files} aria-label="Files">
        {files.map((file) => (
          <FileLine key={file.key} file={file} mayEdit={mayEdit} onOpen={() => setOpen(file)} />
        ))}
        {uploads.map((each) => (
          <li key={each.id} className={classes.file} aria-label={each.file.name}>
            {each.error ? <IconFile size={18} stroke={1.5} /> : <Loader size={16} />}
            <span className={classes.fileName}>
              <span className="cut">{each.file.name}</span>
              <Text
                size="xs"
                className="quiet"
                c={each.error ? "red" : undefined}
                role={each.error ? "alert" : "status"}
              >
                {each.error ? messageOf(each.error) : `Uploading ${sizeInWords(each.file.size)} …`}
              </Text>
            </span>
            {Boolean(each.error) && (
              <>
                <Button variant="default" size="compact-xs" onClick={() => upload([each.file], each.id)}>
                  Try again
                </Button>
                <ActionIcon size="sm" aria-label={`Give up ${each.file.name}`} onClick={() => forget(each.id)}>
                  <IconTrash size={15} stroke={1.6} />
                </ActionIcon>
              </>
            )}
          </li>
        ))}
      </ul>
      {open && (
        <Suspense fallback={null}>
          <Preview file={open} onClose={() => setOpen(null)} />
        </Suspense>
      )}
    </Section>
  );
}

function FileLine({ file, mayEdit, onOpen }: { file: FileOut; mayEdit: boolean; onOpen: () => void }) {
  const shown = isShown(file);
  const isImage = shown && file.mimeType.startsWith("image/");
  const remove = async () => {
    try {
      const { response } = await client.DELETE("/v2/files/{file}", { params: { path: { file: file.key } } });
      await queries.invalidateQueries({ queryKey: ["get", "/v1/boxes/{box}/files"] });
      offerUndo(`${file.fileName} deleted`, response);
    } catch (error) {
      failed(error);
    }
  };
  return (
    <li className={classes.file} aria-label={file.fileName}>
      {isImage ? (
        <img className={classes.thumb} src={contentsOf(file)} alt="" loading="lazy" />
      ) : (
        <span className={classes.thumb}>{iconOf(file)}</span>
      )}
      <span className={classes.fileName}>
        {shown ? (
          <button type="button" className={`${classes.plain} cut`} onClick={onOpen}>
            {file.fileName}
          </button>
        ) : (
          <a className="plain cut" {...targetOf(file)}>
            {file.fileName}
          </a>
        )}
        <Text size="xs" className="quiet">
          {file.size && `${sizeInWords(Number(file.size))}, `}
          <Moment at={file.creationTimestamp} />
        </Text>
      </span>
      {file.fileType !== "DRIVE" && (
        <ActionIcon
          component="a"
          size="sm"
          href={contentsOf(file)}
          download={file.fileName}
          aria-label={`Download ${file.fileName}`}
        >
          <IconDownload size={15} stroke={1.6} />
        </ActionIcon>
      )}
      {mayEdit && (
        <ActionIcon size="sm" aria-label={`Delete ${file.fileName}`} onClick={() => void remove()}>
          <IconTrash size={15} stroke={1.6} />
        </ActionIcon>
      )}
    </li>
  );
}

function iconOf(file: FileOut) {
  const Icon =
    file.fileType === "DRIVE"
      ? IconBrandGoogleDrive
      : file.mimeType === "application/pdf"
        ? IconFileTypePdf
        : file.mimeType.startsWith("image/")
          ? IconPhoto
          : file.threadKey
            ? IconPaperclip
            : IconFile;
  return <Icon size={18} stroke={1.5} />;
}
