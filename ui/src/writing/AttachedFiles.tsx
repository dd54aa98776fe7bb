import { ActionIcon, FileButton, Loader, Menu } from "@mantine/core";
import { IconDeviceDesktop, IconFile, IconPaperclip, IconX } from "@tabler/icons-react";
import { api } from "../api/client";
import type { OutgoingFileOut } from "../api/schema";
import { sizeInWords } from "../box/sizes";
import mail from "../mail/mail.module.css";

/** The files of a draft, and those that are being uploaded. */
export function AttachedFiles(props: {
  files: OutgoingFileOut[];
  uploading: string[];
  onRemove: (key: string) => void;
}) {
  const files = props.files.filter((each) => !each.contentId);
  if (files.length + props.uploading.length === 0) return null;
  return (
    <ul className={mail.attachments} aria-label="Attachments">
      {files.map((file) => (
        <li key={file.key} className={mail.attachment}>
          <IconFile size={16} stroke={1.5} />
          <span className="cut">{file.name}</span>
          <span className="quiet">{sizeInWords(file.size)}</span>
          <ActionIcon size="xs" aria-label={`Remove ${file.name}`} onClick={() => props.onRemove(file.key)}>
            <IconX size={13} stroke={1.8} />
          </ActionIcon>
        </li>
      ))}
      {props.uploading.map((name, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two files may have the same name
        <li key={at} className={mail.attachment} role="status">
          <Loader size={14} />
          <span className="cut">Uploading {name} …</span>
        </li>
      ))}
    </ul>
  );
}

type AttachProps = { box: string | undefined; onFiles: (files: File[]) => void; onBoxFile: (key: string) => void };

/** Attaches files from the computer, or from the box. */
export function Attach({ box, onFiles, onBoxFile }: AttachProps) {
  return (
    <FileButton multiple onChange={onFiles}>
      {(fromComputer) =>
        box ? (
          <Menu position="top-start" withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <ActionIcon aria-label="Attach files" size={30}>
                <IconPaperclip size={17} stroke={1.6} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconDeviceDesktop size={15} stroke={1.6} />} onClick={fromComputer.onClick}>
                From this computer
              </Menu.Item>
              <BoxFiles box={box} onChoose={onBoxFile} />
            </Menu.Dropdown>
          </Menu>
        ) : (
          <ActionIcon aria-label="Attach files" size={30} {...fromComputer}>
            <IconPaperclip size={17} stroke={1.6} />
          </ActionIcon>
        )
      }
    </FileButton>
  );
}

function BoxFiles({ box, onChoose }: { box: string; onChoose: (key: string) => void }) {
  const query = api.useQuery("get", "/v1/boxes/{box}/files", { params: { path: { box } } });
  const files = (query.data ?? []).filter((each) => each.fileType !== "DRIVE").slice(0, 20);
  if (files.length === 0) return null;
  return (
    <>
      <Menu.Divider />
      <Menu.Label>Files of the box</Menu.Label>
      {files.map((file) => (
        <Menu.Item
          key={file.key}
          maw={320}
          leftSection={<IconFile size={15} stroke={1.6} />}
          onClick={() => onChoose(file.key)}
        >
          <span className="cut">{file.fileName}</span>
        </Menu.Item>
      ))}
    </>
  );
}
