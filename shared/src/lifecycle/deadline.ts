/** Resolves like `work`, or rejects after `deadlineMs`; the work itself cannot be taken back. */
export async function withinDeadline<Value>(work: () => Promise<Value>, deadlineMs: number): Promise<Value> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`it took longer than ${deadlineMs} ms`)), deadlineMs);
  try {
    return await Promise.race([work(), expired]);
  } finally {
    clearTimeout(timer);
  }
}
