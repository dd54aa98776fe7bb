import { Autocomplete, Group, NumberInput, Select, Text } from "@mantine/core";
import { type Format, formatted, isSound } from "../fields/numbers";

type Props = {
  format: Format | undefined;
  onChange: (format: Format | undefined) => void;
  errorAt: (name: string) => string | undefined;
};

const TYPES = [
  { value: "", label: "As it was typed" },
  { value: "NUMBER", label: "Number" },
  { value: "CURRENCY", label: "Amount of money" },
  { value: "PERCENT", label: "Percent" },
];
const CURRENCIES = Intl.supportedValuesOf("currency");
const DEFAULT_CURRENCY = "EUR";
const EXAMPLE = 1234.5;

/** Sets how a field shows numbers. The stored values do not change. */
export function FormatForm({ format, onChange, errorAt }: Props) {
  const choose = (type: string | null) =>
    onChange(type ? { type, ...(type === "CURRENCY" ? { currency: DEFAULT_CURRENCY } : {}) } : undefined);
  return (
    <div role="group" aria-label="Numbers">
      <Group gap="xs" align="flex-start" wrap="wrap">
        <Select
          label="Numbers are shown as"
          w={190}
          data={TYPES}
          value={format?.type ?? ""}
          allowDeselect={false}
          error={errorAt("displayFormat") ?? errorAt("displayFormat.type")}
          onChange={choose}
        />
        {format?.type === "CURRENCY" && (
          <Autocomplete
            label="Currency"
            w={100}
            data={CURRENCIES}
            limit={30}
            value={format.currency ?? ""}
            error={errorAt("displayFormat.currency")}
            onChange={(chosen) => onChange({ ...format, currency: chosen.trim().toUpperCase() })}
          />
        )}
        {format && (
          <NumberInput
            label="Decimals"
            w={110}
            min={0}
            max={10}
            allowDecimal={false}
            placeholder="as needed"
            value={format.decimals ?? ""}
            error={errorAt("displayFormat.decimals")}
            onChange={(chosen) => {
              const { decimals: _before, ...rest } = format;
              onChange(typeof chosen === "number" ? { ...rest, decimals: chosen } : rest);
            }}
          />
        )}
      </Group>
      {format && (
        <Text size="xs" className="quiet numbers" mt={4}>
          {EXAMPLE} is shown as {isSound(format) ? formatted(EXAMPLE, format) : "…"}
        </Text>
      )}
    </div>
  );
}
