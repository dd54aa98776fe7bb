import { MultiSelect, Radio, Select, SimpleGrid, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import { api } from "../api/client";
import { errorAt, errorWithin, messageOf } from "../api/problem";
import { type Access, type KeyLimits, LEVELS, NOUNS } from "./keyLimits";

type KeyFieldsProps = { value: KeyLimits; onChange: (value: KeyLimits) => void; error: unknown };

const MEMBERS = ["name", "pipelineKeys", "expiresTimestamp", "allowedAddresses", "allowedOrigins", "rateLimit"];

/** What a form shows below its fields: why the server refused it, unless a field shows that. */
export function otherwise(error: unknown): string | null {
  return error && !MEMBERS.some((member) => errorWithin(error, member)) ? messageOf(error) : null;
}

/** The fields of an API key: its name, and what it may do. */
export function KeyFields({ value, onChange, error }: KeyFieldsProps) {
  const pipelines = api.useQuery("get", "/v1/pipelines", { params: { query: { counts: false } } });
  const set = (changes: Partial<KeyLimits>) => onChange({ ...value, ...changes });
  return (
    <Stack>
      <TextInput
        label="Name"
        description="What will use it, so that you know it again"
        placeholder="Website form"
        data-autofocus
        required
        value={value.name}
        error={errorAt(error, "name")}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <Radio.Group label="The key may" value={value.access} onChange={(access) => set({ access: access as Access })}>
        <Stack gap={6} mt={6}>
          <Radio value="all" label="do everything that you may do" />
          <Radio value="read" label="only read" />
          <Radio value="chosen" label="do what you choose" />
        </Stack>
      </Radio.Group>
      {value.access === "chosen" && (
        <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="xs" role="group" aria-label="Scopes">
          {NOUNS.map((noun) => (
            <Select
              key={noun}
              size="xs"
              label={noun.charAt(0).toUpperCase() + noun.slice(1)}
              data={LEVELS}
              allowDeselect={false}
              value={value.levels[noun] ?? "none"}
              onChange={(level) => set({ levels: { ...value.levels, [noun]: level ?? "none" } })}
            />
          ))}
        </SimpleGrid>
      )}
      <MultiSelect
        label="Only these pipelines"
        description="Leave empty for all pipelines."
        data={(pipelines.data ?? []).map(({ key, name }) => ({ value: key, label: name }))}
        value={value.pipelines}
        error={errorAt(error, "pipelineKeys")}
        searchable
        onChange={(chosen) => set({ pipelines: chosen })}
      />
      <Switch
        label="Writes wait for your approval"
        description="Each becomes a proposal that you approve or reject."
        checked={value.proposes}
        onChange={(event) => set({ proposes: event.currentTarget.checked })}
      />
      <TextInput
        type="date"
        label="Last day"
        description="Leave empty for no end."
        value={value.until}
        error={errorAt(error, "expiresTimestamp")}
        onChange={(event) => set({ until: event.currentTarget.value })}
      />
      <TagsInput
        label="Addresses"
        description="Networks that may use the key, such as 192.0.2.0/24. Leave empty for all."
        value={value.addresses}
        error={errorWithin(error, "allowedAddresses")?.message}
        acceptValueOnBlur
        onChange={(addresses) => set({ addresses })}
      />
      <TagsInput
        label="Web pages"
        description="Origins whose pages may use the key, such as https://app.example.com"
        value={value.origins}
        error={errorWithin(error, "allowedOrigins")?.message}
        acceptValueOnBlur
        onChange={(origins) => set({ origins })}
      />
      <TextInput
        label="Rate limit"
        description="Requests per second, minute or hour, such as 600/m. Leave empty for none."
        value={value.rate}
        error={errorAt(error, "rateLimit")}
        onChange={(event) => set({ rate: event.currentTarget.value })}
      />
    </Stack>
  );
}
