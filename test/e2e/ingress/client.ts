import { createHash, randomBytes } from 'node:crypto';
import { Agent as PlainAgent, request as plain } from 'node:http';
import { connect as connectH2 } from 'node:http2';
import { Agent, request as secure } from 'node:https';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { guardLink } from '#host/link.ts';

/** Where a request goes: a machine, under the name that the world knows the service by. */
export interface Place {
  readonly machine: string;
  readonly host: string;
  /** PEM of who is trusted; absent: plain HTTP. */
  readonly ca?: string;
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly agent?: Agent | PlainAgent | false;
}

const guarded = new Set<string>();

async function guard(machine: string): Promise<void> {
  if (!guarded.has(machine)) await guardLink(machine);
  guarded.add(machine);
}

/** One request. Rejects when the connection fails. */
export async function ask({ machine, host, ca }: Place, asked: Asked = {}): Promise<Told> {
  await guard(machine);
  const { path = '/', method = 'GET', headers = {}, body, agent = false } = asked;
  return await new Promise((resolve, reject) => {
    const port = ca === undefined ? 80 : 443;
    const shared = {
      host: machine,
      port,
      path,
      method,
      agent,
      timeout: 30_000,
      headers: { host, ...headers },
    };
    const sent =
      ca === undefined ? plain(shared as object) : secure({ ...shared, servername: host, ca } as object);
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('no answer for 30 s')));
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.end(body);
  });
}

/** What the test app answers with. */
export interface Answer {
  readonly app: string;
  readonly replica: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export async function get(place: Place, asked: Asked = {}): Promise<Answer> {
  const { status, body } = await ask(place, asked);
  if (status !== 200) throw new Error(`status ${status}: ${body}`);
  return JSON.parse(body) as Answer;
}

/** The certificate that is shown under a name, whoever issued it; or the code of the error. */
export async function certificateOf(machine: string, host: string): Promise<PeerCertificate | string> {
  await guard(machine);
  return await new Promise((resolve) => {
    const socket = connectTls({ host: machine, port: 443, servername: host, rejectUnauthorized: false });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('secureConnect', () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
  });
}

/** One request by HTTP/2. */
export async function askH2({ machine, host, ca }: Place): Promise<Answer> {
  await guard(machine);
  return await new Promise((resolve, reject) => {
    const session = connectH2(`https://${machine}`, {
      servername: host,
      ...(ca === undefined ? {} : { ca }),
    });
    session.on('error', reject);
    const stream = session.request({ ':path': '/h2', ':authority': host });
    let text = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve(JSON.parse(text) as Answer);
    });
    stream.end();
  });
}

/** Sends a text over a websocket and gives back what is echoed. */
export async function echo({ machine, host, ca }: Place, text: string): Promise<string> {
  await guard(machine);
  return await new Promise((resolve, reject) => {
    const sent = secure({
      ...{ host: machine, port: 443, path: '/echo', agent: false, servername: host },
      ...(ca === undefined ? {} : { ca }),
      headers: {
        ...{ host, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        'sec-websocket-key': randomBytes(16).toString('base64'),
      },
    });
    sent.on('error', reject);
    sent.on('response', ({ statusCode }) => reject(new Error(`status ${statusCode ?? 0}`)));
    sent.on('upgrade', (_, socket) => {
      const mask = randomBytes(4);
      const payload = Buffer.from(text).map((byte, index) => byte ^ (mask[index % 4] ?? 0));
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]));
      socket.on('error', reject);
      socket.once('data', (frame: Buffer) => {
        resolve(frame.subarray(2).toString());
        socket.destroy();
      });
    });
    sent.end();
  });
}

export const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

export interface Load {
  readonly end: () => Promise<{ readonly sent: number; readonly failed: readonly string[] }>;
}

/** Asks all places again and again, on connections that are kept and on new ones, until it is ended. */
export function load(places: readonly Place[]): Load {
  const failed: string[] = [];
  let sent = 0;
  let over = false;
  const one = async (place: Place, agent: Agent | false, method: string): Promise<void> => {
    while (!over) {
      try {
        const { status } = await ask(place, { agent, method, ...(method === 'POST' ? { body: 'x' } : {}) });
        if (status !== 200) failed.push(`${method} ${place.host}: status ${status}`);
      } catch (error) {
        failed.push(`${method} ${place.host} ${agent ? 'kept' : 'new'}: ${String(error)}`);
      }
      sent += 1;
    }
  };
  const agents = places.map(() => new Agent({ keepAlive: true }));
  const running = places.flatMap((place, index) => [
    ...['GET', 'GET', 'POST'].map((method) => one(place, agents[index] ?? false, method)),
    one(place, false, 'GET'),
    one(place, false, 'POST'),
  ]);
  return {
    async end() {
      over = true;
      await Promise.all(running);
      for (const agent of agents) agent.destroy();
      return { sent, failed };
    },
  };
}
