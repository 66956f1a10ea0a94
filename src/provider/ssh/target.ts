import { parseAddress } from '#base/cidr.ts';
import { fail, ok, type Result } from '#base/result.ts';

export interface SshTarget {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

/** `root@192.0.2.10`, `host`, `user@host:2222`, `root@[2001:db8::1]:22`. Without a user it is root. */
export function parseTarget(text: string): Result<SshTarget> {
  const match = /^(?:([^@\s]+)@)?(?:\[([0-9a-fA-F:]+)\]|([^@:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[2] ?? match?.[3];
  const port = Number(match?.[4] ?? 22);
  const user = match?.[1] ?? 'root';
  // ssh itself reads words that begin with a hyphen as options.
  if (
    !match ||
    !host ||
    port < 1 ||
    port > 65_535 ||
    host.startsWith('-') ||
    !/^[a-z_][\w.-]*$/i.test(user)
  ) {
    return fail({
      code: 'usage',
      what: `${text} is no address for ssh`,
      fix: 'write user@host or user@host:port, such as root@192.0.2.10',
    });
  }
  if (/^[\d.]+$/.test(host) && parseAddress(host) === undefined) {
    return fail({
      code: 'usage',
      what: `${host} is no IPv4 address`,
      fix: 'write it as four numbers up to 255',
    });
  }
  return ok({ user, host, port });
}

/** The form people wrote it in; a port only where it is not the usual one. */
export function showTarget({ user, host, port }: SshTarget): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === 22 ? `${user}@${name}` : `${user}@${name}:${port}`;
}
