/** ms of a clock that never goes back. */
export const clock = (): number => performance.now();
