import { Button, Group, Modal, Stack, TagsInput, Text } from "@mantine/core";
import { useState } from "react";
import type { Box } from "../api/boxes";
import { client } from "../api/client";
import { errorWithin } from "../api/problem";
import { queries } from "../api/queries";
import { offerUndo } from "../api/undo";
import { Refusal } from "../app/Refusal";
import { useForm } from "../app/useForm";

/** Shows whose e-mail comes to the box, and changes which addresses always or never belong to it. */
export function BoxAddresses({ box, mayEdit, onClose }: { box: Box; mayEdit: boolean; onClose: () => void }) {
  const [always, setAlways] = useState(box.emailAddressesWhitelist);
  const [never, setNever] = useState(box.emailAddressesBlacklist);
  const form = useForm(async () => {
    const { response } = await client.POST("/v1/boxes/{box}", {
      params: { path: { box: box.key } },
      body: { emailAddressesWhitelist: always, emailAddressesBlacklist: never },
    });
    offerUndo("Saved the addresses of the box", response);
    onClose();
    await queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes("/boxes/{box}") });
  });
  const wrong = (member: string) => errorWithin(form.error, member)?.message;
  return (
    <Modal opened onClose={onClose} title="Addresses of this box">
      <form onSubmit={form.submit}>
        <Stack>
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {box.emailAddresses.length > 0
              ? `E-mail with ${box.emailAddresses.join(", ")} comes to this box.`
              : "No address yet. The box gets those of its contacts and of its e-mail."}
          </Text>
          <TagsInput
            label="Always to this box"
            description="Also if other boxes have the address, and e-mail of mailing lists"
            splitChars={[",", " ", ";"]}
            acceptValueOnBlur
            disabled={!mayEdit}
            value={always}
            error={wrong("emailAddressesWhitelist")}
            onChange={setAlways}
          />
          <TagsInput
            label="Never to this box"
            description="E-mail with these addresses does not come here by itself"
            splitChars={[",", " ", ";"]}
            acceptValueOnBlur
            disabled={!mayEdit}
            value={never}
            error={wrong("emailAddressesBlacklist")}
            onChange={setNever}
          />
          <Refusal error={wrong("emailAddressesWhitelist") || wrong("emailAddressesBlacklist") ? null : form.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {mayEdit ? "Cancel" : "Close"}
            </Button>
            {mayEdit && (
              <Button type="submit" loading={form.busy}>
                Save
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
