const minute = 60_000;
const waits = [minute / 2, 5 * minute, 30 * minute, 2 * 60 * minute, 6 * 60 * minute];
const longest = 12 * 60 * minute;

/** How long to wait after so many failures in a row: authorities count them, and refuse who asks too often. */
export const waitAfter = (failures: number): number => waits[failures - 1] ?? longest;
