import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';

/** A new private key, PEM. It never leaves the machine. */
export function newPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * A certificate signing request (PKCS #10), PEM, for a name. Written here in a few lines of DER, so that the agent
 * needs neither a certificate library in its memory nor a tool on the machine.
 */
export function signingRequest(privateKeyPem: string, commonName: string): string {
  const key = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const name = sequence(set(sequence(objectId('550403'), utf8(commonName))));
  const request = sequence(integer(0), name, publicKey, tagged(0xa0, Buffer.alloc(0)));
  const signature = sign('sha256', request, key);
  const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
  const der = sequence(request, ecdsaWithSha256, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));
const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, Buffer.concat(parts));
const integer = (value: number): Buffer => tagged(0x02, Buffer.from([value]));
const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text, 'utf8'));
const objectId = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

function length(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value]);
  const bytes = value > 0xff ? [value >> 8, value & 0xff] : [value];
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}
