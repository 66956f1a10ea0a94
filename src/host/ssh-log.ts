/** What sshd says about one try to log in. */
export interface SshTry {
  readonly kind: 'accepted' | 'failed';
  readonly user: string;
  /** Address it came from. */
  readonly from: string;
  /** `publickey`, `password` and the like. */
  readonly method: string;
  /** Fingerprint of the key, when there was one. */
  readonly key?: string;
  readonly certificate?: SshCertificate;
}

export interface SshCertificate {
  /** The name it was issued to. */
  readonly id: string;
  readonly serial: number;
  /** Fingerprint of the authority that signed it. */
  readonly ca: string;
}

export type SshLine = SshTry | { readonly kind: 'reason'; readonly what: string };

/** Where sshd and its helper processes of this machine speak: what others write under their name is not from root. */
export const sshJournalMatches: readonly string[] = [
  ...['_UID=0', '_COMM=sshd'],
  '+',
  ...['_UID=0', '_COMM=sshd-session'],
  '+',
  ...['_UID=0', '_COMM=sshd-auth'],
];

// The name and the id come first and are greedy: what a stranger puts into them cannot pass for what follows.
const tryLine =
  /^(Accepted|Failed) (\S+) for (?:invalid user )?(.*) from (\S+) port \d+ ssh2(?:: (\S+) (SHA256:\S+)(?: ID (.*) \(serial (\d+)\) CA \S+ (SHA256:\S+))?)?$/;

/**
 * sshd's own words, in the few lines that are of interest: it has no other way of telling. Undefined for all other
 * lines. Whether a failed certificate is one of ours, its authority's fingerprint says.
 */
export function parseSshLine(message: string): SshLine | undefined {
  const tried = tryLine.exec(message);
  if (tried !== null) {
    const [, outcome, method = '', user = '', from = '', type, key, id, serial, ca] = tried;
    const certified = type?.endsWith('-CERT') && id !== undefined && ca !== undefined;
    return {
      kind: outcome === 'Accepted' ? 'accepted' : 'failed',
      user,
      from,
      method,
      ...(key === undefined ? {} : { key }),
      ...(certified ? { certificate: { id, serial: Number(serial), ca } } : {}),
    };
  }
  const what = reasonOf(message);
  return what === undefined ? undefined : { kind: 'reason', what };
}

/** Why the try that the same process speaks of next is refused. */
function reasonOf(message: string): string | undefined {
  if (/^error: Certificate invalid: expired/.test(message)) return 'the certificate has expired';
  if (/^error: Certificate invalid: not yet valid/.test(message)) return 'the certificate is not valid yet';
  if (/^error: Certificate invalid: /.test(message)) return 'the certificate is not valid';
  if (/^error: Certificate does not contain an authorized principal/.test(message))
    return 'the certificate is not for this account';
  if (/^error: Authentication key \S+ \S+ revoked by file /.test(message))
    return 'the certificate is revoked';
  if (/^error: Refused by certificate principals options/.test(message))
    return 'the address is not one of those allowed';
  return undefined;
}
