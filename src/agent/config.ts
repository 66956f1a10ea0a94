import { readFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import { writeAtomic } from '#host/atomic.ts';

/** What the agent is told when it is installed. */
export interface ToldConfig {
  /** Absent: the server names it when it joins. */
  readonly machine?: string;
  /** `https://192.0.2.1:7443`. */
  readonly server: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  /** One-time, gone from the file once it was used. */
  readonly token?: string;
}

/** What the agent knows once it has a name. */
export interface AgentConfig extends ToldConfig {
  readonly machine: string;
}

export async function readConfig(path: string): Promise<ToldConfig> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BallastError('bad-file', `the agent's configuration ${path} cannot be read`, {
      fix: 'let the machine in with `ballast machine add`, which writes it',
      cause,
    });
  });
  return parseConfig(path, text);
}

export function parseConfig(path: string, text: string): ToldConfig {
  let parsed: Partial<Record<keyof ToldConfig, unknown>>;
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (cause) {
    throw new BallastError('bad-file', `${path} is no JSON`, { cause });
  }
  // The server names one that joins by a token of a pool.
  const needed =
    parsed?.token === undefined ? (['machine', 'server', 'ca'] as const) : (['server', 'ca'] as const);
  const missing = needed.filter((key) => typeof parsed?.[key] !== 'string');
  if (missing.length > 0) throw new BallastError('bad-file', `${path} lacks ${missing.join(', ')}`);
  return parsed as ToldConfig;
}

/** The token was used: the configuration is without it from now on, and with the name that it gave. */
export async function forgetToken(
  path: string,
  { token: _, ...told }: ToldConfig,
  machine: string,
): Promise<AgentConfig> {
  const config = { ...told, machine };
  await writeAtomic(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return config;
}
