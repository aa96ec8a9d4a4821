/** Calls the control API of a simulator. @throws with its answer when that is no success */
export async function control(
  simulatorUrl: string,
  method: string,
  path: string,
  { body, signal }: { body?: unknown; signal?: AbortSignal } = {},
): Promise<unknown> {
  const response = await fetch(`${simulatorUrl}/control${path}`, {
    method,
    ...(signal && { signal }),
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /control${path} was answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** `count` phone numbers after `first`, in digits. */
export function numbersFrom(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(first + index));
}
