/** What becomes of differences that are found although nobody changed what machines are to hold. */
export interface DriftModel {
  /** `always`: they are put right at once. `report`: they are shown, and put right when somebody asks for it. */
  readonly repair: 'always' | 'report';
  readonly allow: readonly DriftException[];
}

/** Differences that may stand for a while. */
export interface DriftException {
  /** Pattern for ids of resources: `file:/etc/motd`, `package:*`. */
  readonly resource: string;
  /** Pattern for names of machines. Absent: all. */
  readonly machines?: string;
  /** ms since the epoch: from then on it is drift again. */
  readonly until: number;
}
