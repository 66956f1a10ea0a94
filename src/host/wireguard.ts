import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { exec } from './exec.ts';

/** A WireGuard interface as it is now. */
export interface WireguardState {
  /** Base64; never to be shown. */
  readonly privateKey: string;
  readonly publicKey: string;
  readonly port: number;
  readonly peers: readonly WireguardPeer[];
}

export interface WireguardPeer {
  readonly publicKey: string;
  readonly endpoint: string;
  /** Networks, with spaces between. */
  readonly allowed: string;
  /** ms since the epoch; 0: never. */
  readonly handshakeAt: number;
}

/** Undefined: there is no such interface, or nothing moves its packets. */
export async function readWireguard(name: string): Promise<WireguardState | undefined> {
  // A program that does it in the kernel's stead is asked without starting another one.
  const told = await askProgram(`/run/wireguard/${name}.sock`);
  if (told !== undefined) return parseTold(told);
  const { code, stdout } = await exec(['wg', 'show', name, 'dump'], { timeoutMs: 5_000 });
  return code === 0 ? parseDump(stdout) : undefined;
}

const answerMs = 2_000;
const answerBytesMax = 4 << 20;

/** What the program behind a socket says of itself; undefined when none answers there. */
async function askProgram(socketPath: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    let text = '';
    const socket = connect(socketPath);
    const end = (answer: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(undefined), answerMs);
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write('get=1\n\n'));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > answerBytesMax) end(undefined);
      else if (text.endsWith('\n\n')) end(text);
    });
    socket.on('error', () => end(undefined));
    socket.on('close', () => end(undefined));
  });
}

/** Reads the lines `key=value` of WireGuard's protocol between programs, in which keys are hexadecimal. */
export function parseTold(text: string): WireguardState | undefined {
  let privateKey = '';
  let port = 0;
  const peers: { -readonly [K in keyof WireguardPeer]: WireguardPeer[K] }[] = [];
  for (const line of text.split('\n')) {
    const [key = '', value = ''] = splitAt(line, '=');
    const peer = peers.at(-1);
    if (key === 'errno' && value !== '0') return undefined;
    if (key === 'private_key') privateKey = base64Of(value);
    else if (key === 'listen_port') port = Number(value);
    else if (key === 'public_key')
      peers.push({ publicKey: base64Of(value), endpoint: '', allowed: '', handshakeAt: 0 });
    else if (peer && key === 'endpoint') peer.endpoint = value;
    else if (peer && key === 'last_handshake_time_sec') peer.handshakeAt = Number(value) * 1000;
    else if (peer && key === 'allowed_ip') peer.allowed = `${peer.allowed} ${value}`.trim();
  }
  return { privateKey, publicKey: publicKeyOf(privateKey) ?? '', port, peers };
}

const splitAt = (line: string, mark: string): readonly string[] => {
  const at = line.indexOf(mark);
  return at < 0 ? [line] : [line.slice(0, at), line.slice(at + 1)];
};

const base64Of = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

/** Reads what `wg show INTERFACE dump` printed. */
export function parseDump(text: string): WireguardState {
  const [own = '', ...peers] = text.trimEnd().split('\n');
  const [privateKey = '', publicKey = '', port = ''] = own.split('\t');
  return {
    ...{ privateKey, publicKey, port: Number(port) },
    peers: peers.map((line) => {
      const [key = '', , endpoint = '', allowed = '', handshake = ''] = line.split('\t');
      return {
        publicKey: key,
        endpoint: endpoint === '(none)' ? '' : endpoint,
        allowed: allowed === '(none)' ? '' : allowed.replaceAll(',', ' '),
        handshakeAt: Number(handshake) * 1000,
      };
    }),
  };
}

/** What stands before the 32 bytes of an X25519 key in PKCS #8. */
const keyHead = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** The public part of a private key, both in base64; undefined when it is none. */
export function publicKeyOf(privateKey: string): string | undefined {
  const raw = Buffer.from(privateKey.trim(), 'base64');
  if (raw.length !== 32 || raw.every((byte) => byte === 0)) return undefined;
  const key = createPrivateKey({ key: Buffer.concat([keyHead, raw]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
}

/** The public part of the private key in a file; undefined when there is none. */
export async function publicKeyIn(path: string): Promise<string | undefined> {
  return publicKeyOf(await readFile(path, 'utf8').catch(() => ''));
}

const probe = 'ballast-probe';

/** Whether this machine's kernel knows WireGuard; undefined: nobody here can tell yet. */
export async function hasWireguard(): Promise<boolean | undefined> {
  try {
    const { code } = await exec(['ip', 'link', 'add', probe, 'type', 'wireguard'], { timeoutMs: 10_000 });
    if (code === 0) await exec(['ip', 'link', 'delete', probe], { timeoutMs: 10_000 });
    return code === 0;
  } catch {
    return undefined;
  }
}
