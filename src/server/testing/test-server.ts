import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonLog } from '#server/log.ts';
import { type RunningServer, startServer } from '#server/main.ts';
import type { ServerOptions } from '#server/options.ts';
import { type Client, createClient } from '#wire/client.ts';
import type { Connection } from '#wire/connection.ts';

export interface TestServer extends AsyncDisposable {
  readonly server: RunningServer;
  readonly url: string;
  readonly dataDir: string;
  readonly admin: Connection;
  readonly client: Client;
  /** Everything it logged. */
  readonly logged: readonly string[];
  /** Ends it as SIGTERM does, and leaves its files. */
  readonly stop: () => Promise<void>;
}

/** A server of its own on a free port of 127.0.0.1. */
export async function startTestServer(
  options: Partial<ServerOptions> = {},
  folder?: string,
): Promise<TestServer> {
  const own = folder === undefined;
  const dataDir = folder ?? mkdtempSync(join(tmpdir(), 'ballast-server-'));
  const ending = new AbortController();
  const logged: string[] = [];
  const server = await startServer({
    listen: ['127.0.0.1:0'],
    advertise: ['127.0.0.1'], // agents of tests are on this computer too
    log: jsonLog((line) => logged.push(line)),
    ...options,
    dataDir,
    signal: ending.signal,
  }).catch((cause: unknown) => {
    // Nobody is given a server to dispose of; another one may still use a folder that was named.
    if (own) rmSync(dataDir, { recursive: true, force: true });
    throw cause;
  });
  const admin = JSON.parse(readFileSync(server.adminFile, 'utf8')) as Connection;
  const client = createClient(admin);
  const stop = async () => {
    client.close();
    ending.abort();
    await server.ended;
  };
  return {
    ...{ server, url: admin.server, dataDir, admin, client, logged, stop },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
