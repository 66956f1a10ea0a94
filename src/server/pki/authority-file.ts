import { BallastError } from '#base/errors.ts';
import { readOrMake } from '#server/private-file.ts';
import { type Authority, makeAuthority, openAuthority } from './authority.ts';

/** The fleet's authority, from the file that holds its certificate and key together; made when there is none. */
export async function authorityFrom(path: string, fleet: string, now: () => number): Promise<Authority> {
  const text = await readOrMake(path, async () => {
    const { certificate, key } = await makeAuthority(fleet, now());
    return `${certificate.trimEnd()}\n${key.trimEnd()}\n`;
  });
  const certificate = block(text, 'CERTIFICATE');
  const key = block(text, 'PRIVATE KEY');
  if (certificate === undefined || key === undefined) {
    throw new BallastError('bad-file', `${path} does not hold the fleet’s authority`, {
      why: 'a certificate and a private key in PEM are expected',
      fix: 'restore it from a backup: without it no machine and no person of this fleet is known',
    });
  }
  return await openAuthority({ certificate, key }, now);
}

function block(text: string, label: string): string | undefined {
  return new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----\n?`).exec(text)?.[0];
}
