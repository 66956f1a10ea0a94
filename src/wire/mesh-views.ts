/** What carries containers' traffic between machines. */
export interface MeshView {
  readonly carrier: 'wireguard' | 'none';
  /** Which keys are in use, counted from the first; 0: none. */
  readonly round: number;
  /** Since when, ms since the epoch. */
  readonly since: number;
  /** Where it is going; null: nowhere. */
  readonly change: null | {
    readonly round: number;
    /** `preparing`: machines make keys and meet by them; `moving`: traffic goes by them, the old ones are still good. */
    readonly phase: 'preparing' | 'moving';
    /** What it waits for, for people. */
    readonly waitsFor: readonly string[];
  };
}
