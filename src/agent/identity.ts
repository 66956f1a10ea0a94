import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BallastError } from '#base/errors.ts';
import { writeAtomic } from '#host/atomic.ts';
import { machineNetworks } from '#host/machine-networks.ts';
import { createClient } from '#wire/client.ts';
import { type AgentConfig, forgetToken, type ToldConfig } from './config.ts';
import { newPrivateKey, signingRequest } from './csr.ts';
import { log } from './log.ts';
import { ownAddress } from './own-address.ts';

/** Who the machine is towards the server, all PEM. */
export interface Identity {
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

/** The name that the certificate gives the machine. */
export function nameIn({ certificate }: Identity): string {
  const name = /^CN=agent:(.+)$/m.exec(new X509Certificate(certificate).subject)?.[1];
  if (name !== undefined) return name;
  throw new BallastError('bad-file', 'the certificate of this machine names no machine', {
    fix: 'let it in again: ballast machine add',
  });
}

/** When half of a certificate's life is over, ms since the epoch: time to renew it. */
export function renewalDue({ certificate }: Identity): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return (validFromDate.getTime() + validToDate.getTime()) / 2;
}

/** Half of a certificate's whole life, in ms. */
export function halfLife({ certificate }: Identity): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return (validToDate.getTime() - validFromDate.getTime()) / 2;
}

export async function loadIdentity(stateDir: string): Promise<Identity | undefined> {
  const read = async (name: string) => await readFile(join(stateDir, name), 'utf8').catch(() => undefined);
  const [key, certificate, ca] = [await read('key.pem'), await read('certificate.pem'), await read('ca.pem')];
  return key && certificate && ca ? { key, certificate, ca } : undefined;
}

/** Trades the one-time token for a certificate. The key is made here, and kept before it is used. */
export async function enrol(
  config: ToldConfig,
  { configFile, stateDir, signal }: { configFile: string; stateDir: string; signal: AbortSignal },
): Promise<Identity> {
  const { token, server, ca, machine } = config;
  if (token === undefined) {
    throw new BallastError(
      'unauthenticated',
      `${machine ?? 'it'} has neither a certificate nor a token to get one`,
      {
        fix: `let it in again: ballast machine add ${machine ?? 'NAME'}`,
      },
    );
  }
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const keyFile = join(stateDir, 'key.pem');
  const key = (await readFile(keyFile, 'utf8').catch(() => undefined)) ?? newPrivateKey();
  await writeAtomic(keyFile, key, { mode: 0o600 });
  const client = createClient({ server, ca });
  try {
    const csr = signingRequest(key, machine ?? 'newcomer');
    const address = await ownAddress(server);
    const networks = await machineNetworks();
    const input = { token, csr, ...(address === undefined ? {} : { address }), networks };
    const answer = await client.call('enrol', input, { signal });
    const identity = await keep(stateDir, { key, certificate: answer.certificate, ca: answer.ca });
    await forgetToken(configFile, config, nameIn(identity));
    log.info(`joined the fleet as ${nameIn(identity)}`);
    return identity;
  } finally {
    client.close();
  }
}

/** A new certificate for the key there is, with the certificate there is. */
export async function renew(
  { server, machine }: AgentConfig,
  identity: Identity,
  { stateDir, signal }: { stateDir: string; signal: AbortSignal },
): Promise<Identity> {
  const { key, certificate: cert, ca } = identity;
  const client = createClient({ server, ca, cert, key });
  try {
    const answer = await client.call('renew', { csr: signingRequest(key, machine) }, { signal });
    return await keep(stateDir, { key, certificate: answer.certificate, ca: answer.ca });
  } finally {
    client.close();
  }
}

async function keep(stateDir: string, identity: Identity): Promise<Identity> {
  await writeAtomic(join(stateDir, 'ca.pem'), identity.ca, { mode: 0o600 });
  // Last: an identity is complete once this is there.
  await writeAtomic(join(stateDir, 'certificate.pem'), identity.certificate, { mode: 0o600 });
  return identity;
}
