import { expect, test } from 'vitest';
import { parseDump, parseTold, publicKeyOf } from './wireguard.ts';

// Of the examples of RFC 7748: Alice's keys.
const secret = 'dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=';
const open = 'hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=';
const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');

test('the public part follows from the private key, and from nothing else', () => {
  expect(publicKeyOf(`${secret}\n`)).toBe(open);
  expect(publicKeyOf('')).toBeUndefined();
  expect(publicKeyOf('short')).toBeUndefined();
});

const state = {
  privateKey: secret,
  publicKey: open,
  port: 51_820,
  peers: [
    {
      publicKey: secret,
      endpoint: '192.0.2.2:51820',
      allowed: '10.91.2.0/24',
      handshakeAt: 1_700_000_000_000,
    },
    { publicKey: open, endpoint: '', allowed: '', handshakeAt: 0 },
  ],
};

test('what wg prints is read', () => {
  const text = `${secret}\t${open}\t51820\toff
${secret}\t(none)\t192.0.2.2:51820\t10.91.2.0/24\t1700000000\t700\t692\t25
${open}\t(none)\t(none)\t(none)\t0\t0\t0\toff
`;
  expect(parseDump(text)).toEqual(state);
});

test('what the program in the kernel’s stead says is read', () => {
  const text = `private_key=${hex(secret)}
listen_port=51820
public_key=${hex(secret)}
preshared_key=${'0'.repeat(64)}
protocol_version=1
endpoint=192.0.2.2:51820
last_handshake_time_sec=1700000000
last_handshake_time_nsec=5
tx_bytes=692
persistent_keepalive_interval=25
allowed_ip=10.91.2.0/24
public_key=${hex(open)}
last_handshake_time_sec=0
errno=0

`;
  expect(parseTold(text)).toEqual(state);
  expect(parseTold('errno=1\n\n')).toBeUndefined();
});
