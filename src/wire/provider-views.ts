/** One thing that was looked at where machines are made. */
export interface ProviderCheck {
  readonly ok: boolean;
  readonly what: string;
  readonly fix?: string;
}

/** A cloud-init document and what it promises. */
export interface UserDataView {
  readonly document: string;
  /** URL its machines dial. */
  readonly server: string;
  /** SHA-256 of the executable its machines fetch from the server. */
  readonly digest: string;
  readonly expiresAt: number;
  /** How many machines may join with it. */
  readonly machines: number;
  readonly machine?: string;
  readonly pool?: string;
}
