/** Resolves when `holds`, or when `deadlineMs` is over: the caller looks which. */
export async function until(holds: () => boolean, deadlineMs: number): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!holds() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
}
