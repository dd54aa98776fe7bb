/** Addresses of a file's contents: on this server or in Google Drive. */
import type { FileOut } from "../api/schema";

export const contentsOf = (file: Pick<FileOut, "key">) => `/api/v1/files/${file.key}/contents`;

export function isShown(file: Pick<FileOut, "mimeType" | "fileType">): boolean {
  return file.fileType !== "DRIVE" && /^(image\/(png|jpeg|gif|webp|avif|bmp)|application\/pdf)$/.test(file.mimeType);
}

export function targetOf(file: FileOut) {
  return file.fileType === "DRIVE"
    ? {
        href: `https://drive.google.com/open?id=${encodeURIComponent(file.driveFileId ?? "")}`,
        target: "_blank",
        rel: "noreferrer noopener",
      }
    : { href: contentsOf(file), download: file.fileName };
}
