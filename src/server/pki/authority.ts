import 'reflect-metadata'; // before x509, which does not load without it
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import { BallastError } from '#base/errors.ts';

x509.cryptoProvider.set(webcrypto as Crypto);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;
const day = 24 * hour;
/** Machines' clocks may be a little behind. */
const skewMs = 5 * 60_000;

/** How long each kind of certificate is good for, ms. */
export const lifetimes = {
  authority: 3_650 * day,
  server: 90 * day,
  registry: 365 * day,
  ingress: 90 * day,
  agent: 24 * hour,
  user: 90 * day,
} as const;

export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** Signs for the fleet. All PEM. */
export interface Authority {
  readonly certificate: string;
  /** For a TLS server at these addresses or names. Makes the key. */
  readonly forServer: (hosts: readonly string[], lifetimeMs: number) => Promise<KeyPair>;
  /** For a person. Makes the key. */
  readonly forUser: (name: string, identity: string) => Promise<KeyPair>;
  /** For the key of a certificate request, whatever name that asks for. Throws `bad-request` when it is no request. */
  readonly forAgent: (csr: string, machine: string, identity: string) => Promise<string>;
}

export async function makeAuthority(fleet: string, now: number): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [`Ballast authority of ${fleet}`] }],
    notBefore: new Date(now - skewMs),
    notAfter: new Date(now + lifetimes.authority),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

export async function openAuthority(pair: KeyPair, now: () => number): Promise<Authority> {
  const issuer = new x509.X509Certificate(pair.certificate);
  const der = x509.PemConverter.decodeFirst(pair.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);

  async function sign(wanted: {
    readonly subject: x509.JsonName;
    readonly publicKey: x509.PublicKeyType;
    readonly lifetimeMs: number;
    readonly usage: string;
    readonly hosts?: readonly string[];
  }): Promise<string> {
    const begin = now() - skewMs;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: wanted.subject,
      issuer: issuer.subject,
      notBefore: new Date(begin),
      notAfter: new Date(Math.min(begin + wanted.lifetimeMs, issuer.notAfter.getTime())),
      publicKey: wanted.publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([wanted.usage]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer),
        ...(wanted.hosts ? [new x509.SubjectAlternativeNameExtension(wanted.hosts.map(generalName))] : []),
      ],
    });
    return certificate.toString('pem');
  }

  return {
    certificate: pair.certificate,
    async forServer(hosts, lifetimeMs) {
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate = await sign({
        subject: [{ CN: [hosts[0] ?? 'server'] }],
        publicKey: keys.publicKey,
        lifetimeMs,
        usage: x509.ExtendedKeyUsage.serverAuth,
        hosts,
      });
      return { certificate, key: await exportKey(keys.privateKey) };
    },
    async forUser(name, identity) {
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const certificate = await sign({
        subject: [{ CN: [`user:${name}`] }, { OU: [identity] }],
        publicKey: keys.publicKey,
        lifetimeMs: lifetimes.user,
        usage: x509.ExtendedKeyUsage.clientAuth,
      });
      return { certificate, key: await exportKey(keys.privateKey) };
    },
    async forAgent(csr, machine, identity) {
      return await sign({
        subject: [{ CN: [`agent:${machine}`] }, { OU: [identity] }],
        publicKey: (await readRequest(csr)).publicKey,
        lifetimeMs: lifetimes.agent,
        usage: x509.ExtendedKeyUsage.clientAuth,
      });
    },
  };
}

/** When a certificate begins and ends, and when half its life is over; ms since the epoch. */
export function lifeOf(certificate: string): {
  readonly beginsAt: number;
  readonly endsAt: number;
  readonly halfAt: number;
} {
  const { notBefore, notAfter } = new x509.X509Certificate(certificate);
  const [beginsAt, endsAt] = [notBefore.getTime(), notAfter.getTime()];
  return { beginsAt, endsAt, halfAt: (beginsAt + endsAt) / 2 };
}

/** Stands for the key of a certificate request: SHA-256 of its public key. */
export async function requestKeyId(csr: string): Promise<string> {
  const { publicKey } = await readRequest(csr);
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', publicKey.rawData)).toString('hex');
}

async function readRequest(csr: string): Promise<x509.Pkcs10CertificateRequest> {
  const refused = (why: string, cause?: unknown) =>
    new BallastError('bad-request', 'the certificate request cannot be used', { why, cause });
  try {
    const request = new x509.Pkcs10CertificateRequest(csr);
    const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string };
    if (name !== 'ECDSA' || namedCurve !== 'P-256') throw refused('its key is not ECDSA P-256');
    if (!(await request.verify())) throw refused('its signature is not by its own key');
    return request;
  } catch (cause) {
    throw cause instanceof BallastError ? cause : refused('it is no PKCS #10 request in PEM', cause);
  }
}

function generalName(host: string): x509.JsonGeneralName {
  return isIP(host) === 0 ? { type: 'dns', value: host } : { type: 'ip', value: host };
}

/** 128 random bits, positive. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

async function exportKey(key: CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
