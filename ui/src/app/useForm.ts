import { type FormEvent, useState } from "react";

/** Sends a form, one request at a time. The typed values stay if the server refuses them. */
export function useForm(send: () => Promise<unknown>) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await send();
    } catch (refusal) {
      setError(refusal);
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, submit: (event: FormEvent) => void submit(event) };
}
