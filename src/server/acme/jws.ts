import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';

/** An account's key: ECDSA P-256, PKCS #8 PEM. */
export function makeAccountKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export interface AccountKey {
  readonly key: KeyObject;
  /** Members in the order of RFC 7638. */
  readonly jwk: { readonly crv: string; readonly kty: string; readonly x: string; readonly y: string };
}

export function openAccountKey(pem: string): AccountKey {
  const key = createPrivateKey(pem);
  const { crv = '', kty = '', x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  return { key, jwk: { crv, kty, x, y } };
}

/** What answers a challenge: its token and whose account asked. */
export const keyAuthorization = (token: string, { jwk }: AccountKey): string =>
  `${token}.${createHash('sha256').update(JSON.stringify(jwk)).digest('base64url')}`;

/** A flattened JWS by ES256. No payload is POST-as-GET. */
export function signed(
  { key, jwk }: AccountKey,
  header: { readonly nonce: string; readonly url: string; readonly kid?: string },
  payload: unknown,
): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { kid, ...rest } = header;
  const head = encode({ alg: 'ES256', ...rest, ...(kid === undefined ? { jwk } : { kid }) });
  const body = payload === undefined ? '' : encode(payload);
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' });
  return JSON.stringify({ protected: head, payload: body, signature: signature.toString('base64url') });
}
