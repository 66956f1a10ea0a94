const firstMs = 1_000;
const lastMs = 60_000;

/** How long to wait before a step is tried again, after so many failures in a row (from 1). */
export const retryDelayMs = (failures: number): number =>
  Math.min(lastMs, firstMs * 2 ** Math.max(0, failures - 1));
