import { IconFile, IconFileTypePdf, IconPhoto } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import type { FileOut } from "../api/schema";
import { contentsOf, isShown, targetOf } from "../box/contents";
import { sizeInWords } from "../box/sizes";
import { lazily } from "../lib/lazily";
import classes from "./mail.module.css";

const Preview = lazily(() => import("../box/Preview"));

/** The attachments of an e-mail. Images and PDFs open in a preview, other files are downloaded. */
export function Attachments({ files }: { files: FileOut[] }) {
  const [open, setOpen] = useState<FileOut | null>(null);
  if (files.length === 0) return null;
  return (
    <>
      <ul className={classes.attachments} aria-label="Attachments">
        {files.map((file) => (
          <li key={file.key}>
            {isShown(file) ? (
              <button type="button" className={classes.attachment} onClick={() => setOpen(file)}>
                <Content file={file} />
              </button>
            ) : (
              <a className={classes.attachment} {...targetOf(file)}>
                <Content file={file} />
              </a>
            )}
          </li>
        ))}
      </ul>
      {open && (
        <Suspense fallback={null}>
          <Preview file={open} onClose={() => setOpen(null)} />
        </Suspense>
      )}
    </>
  );
}

function Content({ file }: { file: FileOut }) {
  const isImage = isShown(file) && file.mimeType.startsWith("image/");
  const Icon = file.mimeType === "application/pdf" ? IconFileTypePdf : isImage ? IconPhoto : IconFile;
  return (
    <>
      {isImage ? <img src={contentsOf(file)} alt="" loading="lazy" /> : <Icon size={16} stroke={1.5} />}
      <span className="cut">{file.fileName}</span>
      {file.size && <span className="quiet">{sizeInWords(Number(file.size))}</span>}
    </>
  );
}
