import { TextInput } from "@mantine/core";
import { IconMathFunction, IconTextSize } from "@tabler/icons-react";
import { useState } from "react";
import { compareValues, isUnset, numberIn } from "./compare";
import type { DrawProps, EditProps, Field, FieldKind } from "./kind";
import { formatted, withoutSigns } from "./numbers";
import { useKeys } from "./useKeys";
import { useUnread } from "./useUnread";

const ADDRESS = /^(https?:\/\/\S+|[^\s@]+@[^\s@]+\.\w+)$/;

/** The value as a number, if it is shown as one. Text counts too if the field has a number format. */
function shownNumber(field: Pick<Field, "displayFormat">, value: unknown): number | null {
  return field.displayFormat ? numberIn(value) : typeof value === "number" ? value : null;
}

function Draw({ field, value }: DrawProps) {
  if (isUnset(value)) return null;
  const number = shownNumber(field, value);
  if (number !== null) return <span className="numbers">{formatted(number, field.displayFormat)}</span>;
  const words = String(value);
  if (field.displayFormat) {
    return (
      <span title="Not a number: sums leave it out" style={{ textDecoration: "underline dotted" }}>
        {words}
      </span>
    );
  }
  if (ADDRESS.test(words)) {
    return (
      <a
        href={words.includes("://") ? words : `mailto:${words}`}
        target="_blank"
        rel="noreferrer noopener"
        onClick={(event) => event.stopPropagation()}
      >
        {words.replace(/^https?:\/\//, "")}
      </a>
    );
  }
  return words;
}

function Edit({ field, value, onSave, onCancel, typed }: EditProps) {
  const before = isUnset(value) ? "" : String(value);
  const [words, setWords] = useState(typed ?? before);
  const [problem, setProblem] = useState<string | null>(null);
  const cancel = () => {
    setProblem(null);
    onCancel();
  };
  const save = () => {
    const bare = withoutSigns(words, field.displayFormat);
    if (field.displayFormat && words !== before && bare.trim() !== "" && numberIn(bare) === null) {
      setProblem(`“${words.trim()}” isn’t a number`);
      return false;
    }
    onSave(stored(bare));
  };
  const keys = useKeys(save, cancel);
  useUnread(problem);
  return (
    <TextInput
      aria-label={field.name}
      autoFocus
      value={words}
      error={problem}
      inputMode={field.displayFormat ? "decimal" : undefined}
      onChange={(event) => {
        setWords(event.currentTarget.value);
        setProblem(null);
      }}
      onFocus={(event) => typed === undefined && event.currentTarget.select()}
      {...keys}
    />
  );
}

/** Text of digits and separators that is a number is sent as a number, so that it can be summed and sorted. */
export function stored(words: string): string | number | null {
  const plain = words.trim();
  if (plain === "") return null;
  // Text with a leading plus, or with spaces, may be a telephone number and stays as it is typed.
  const number = /^-?[\d.,']+$/.test(plain) ? numberIn(plain) : null;
  return number !== null && Math.abs(number) < 2 ** 53 ? number : words;
}

export const text: FieldKind = {
  label: "Text or number",
  icon: IconTextSize,
  Draw,
  Edit,
  compare: compareValues,
  asText: (value) => (isUnset(value) ? "" : String(value)),
  fromText: async (words, field) => {
    const bare = withoutSigns(words, field.displayFormat);
    return field.displayFormat && bare.trim() !== "" && numberIn(bare) === null ? undefined : stored(bare);
  },
  right: (value, field) => shownNumber(field, value) !== null,
};

/** The error of a formula, such as `{error: "#DIV/0!", message: "Division by zero"}`. */
function errorIn(value: unknown): { error: string; message?: string } | null {
  return typeof value === "object" && value !== null && "error" in value ? (value as { error: string }) : null;
}

function formulaText(value: unknown): string {
  if (isUnset(value)) return "";
  return errorIn(value)?.error ?? String(value);
}

function DrawFormula({ field, value }: DrawProps) {
  if (isUnset(value)) return null;
  const failure = errorIn(value);
  if (failure) {
    return (
      <span className="quiet" title={failure.message}>
        {failure.error}
      </span>
    );
  }
  const number = numberIn(value);
  return number === null ? String(value) : <span className="numbers">{formatted(number, field.displayFormat)}</span>;
}

export const formula: FieldKind = {
  ...text,
  label: "Formula",
  icon: IconMathFunction,
  Draw: DrawFormula,
  Edit: null,
  asText: formulaText,
  fromText: async () => undefined,
  right: (value) => numberIn(value) !== null,
};
