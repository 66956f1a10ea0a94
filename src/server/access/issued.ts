import { keys } from '#server/keys.ts';
import type { FleetState } from '#server/state.ts';

/** A certificate that was given to a person. Kept until it expires. */
export interface IssuedCertificate {
  readonly serial: number;
  readonly who: string;
  readonly by: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly until: number;
  readonly principals: readonly string[];
  readonly publicKey: string;
  readonly revoked?: { readonly by: string; readonly at: number };
}

export interface Issued {
  /** Those that have not expired, the revoked ones too; in the order they were issued. */
  readonly inForce: () => Promise<readonly IssuedCertificate[]>;
  /** What has to be committed to note these, and to forget what has expired. Call within `exclusive`. */
  readonly noting: (certificates: readonly IssuedCertificate[]) => Promise<Readonly<Record<string, unknown>>>;
  /** The number of the next certificate, and what has to be committed with it. Call within `exclusive`. */
  readonly nextSerial: () => Promise<{
    readonly serial: number;
    readonly set: Readonly<Record<string, unknown>>;
  }>;
}

export function createIssued(state: FleetState): Issued {
  const stored = async (): Promise<readonly IssuedCertificate[]> =>
    (await state.store.list(keys.sshCertificates)).entries.map(
      (entry) => JSON.parse(entry.value) as IssuedCertificate,
    );
  return {
    inForce: async () => (await stored()).filter(({ until }) => until > state.now()),
    async noting(certificates) {
      const over = (await stored()).filter(({ until }) => until <= state.now());
      return {
        ...Object.fromEntries(over.map(({ serial }) => [keys.sshCertificate(serial), null])),
        ...Object.fromEntries(certificates.map((one) => [keys.sshCertificate(one.serial), one])),
      };
    },
    async nextSerial() {
      const last = await state.store.get(keys.lastSerial);
      const serial = (last === undefined ? 0 : (JSON.parse(last.value) as number)) + 1;
      return { serial, set: { [keys.lastSerial]: serial } };
    },
  };
}

/** The file of refused keys: every certificate has a key of its own, so the key stands for it. */
export function revokedText(certificates: readonly IssuedCertificate[]): string {
  const lines = certificates
    .filter(({ revoked }) => revoked !== undefined)
    .map(({ serial, who, publicKey }) => `# certificate ${serial} of ${who}\n${keyOf(publicKey)}\n`);
  return `# Kept by Ballast: keys of certificates that were revoked.\n${lines.join('')}`;
}

/** Kind and key, without the comment. */
export const keyOf = (publicKey: string): string => publicKey.split(' ').slice(0, 2).join(' ');
