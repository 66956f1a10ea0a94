import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardLink } from '#host/link.ts';

/** How to reach the fleet's registry with the right to push. */
export interface RegistryLogin {
  /** `10.90.0.1:5001`: where to push from here. */
  readonly address: string;
  /** `registry.internal:5000`: how releases call it. */
  readonly name: string;
  readonly username: string;
  readonly password: string;
  /** PEM of the certificate authority that vouches for it. */
  readonly ca: string;
  /** The address may only be reached through the link of this name. */
  readonly link?: string;
}

export interface LoginFiles {
  /** Holds the authority's certificate and nothing else, as buildah and skopeo want it. */
  readonly certDir: string;
  readonly authFile: string;
}

/** Refuses to go on when the registry's address does not lead through its link: what is sent there stays there. */
export async function guardRegistry({ address, link }: RegistryLogin): Promise<void> {
  if (link !== undefined) await guardLink(hostOf(address), link);
}

/** Gives tools the login as files that only this user can read, for as long as `work` takes. */
export async function withLoginFiles<T>(
  login: RegistryLogin,
  work: (files: LoginFiles) => Promise<T>,
): Promise<T> {
  await guardRegistry(login);
  const certDir = await mkdtemp(join(tmpdir(), 'ballast-ca-'));
  const secretDir = await mkdtemp(join(tmpdir(), 'ballast-login-'));
  try {
    const authFile = join(secretDir, 'auth.json');
    await writeFile(join(certDir, 'ca.crt'), login.ca);
    await writeFile(authFile, authText(login), { mode: 0o600 });
    return await work({ certDir, authFile });
  } finally {
    await rm(certDir, { recursive: true, force: true });
    await rm(secretDir, { recursive: true, force: true });
  }
}

/** A containers auth.json that knows one registry. */
export function authText({
  address,
  username,
  password,
}: Pick<RegistryLogin, 'address' | 'username' | 'password'>): string {
  return JSON.stringify({
    auths: { [address]: { auth: Buffer.from(`${username}:${password}`).toString('base64') } },
  });
}

const hostOf = (address: string): string => address.replace(/:\d+$/, '');
