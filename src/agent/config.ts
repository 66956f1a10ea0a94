import { readFile } from 'node:fs/promises';
import { BallastError } from '#base/errors.ts';
import { writeAtomic } from '#host/atomic.ts';

/** What the agent is told when it is installed. */
export interface AgentConfig {
  readonly machine: string;
  /** `https://192.0.2.1:7443`. */
  readonly server: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  /** One-time, gone from the file once it was used. */
  readonly token?: string;
}

export async function readConfig(path: string): Promise<AgentConfig> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BallastError('bad-file', `the agent's configuration ${path} cannot be read`, {
      fix: 'let the machine in with `ballast machine add`, which writes it',
      cause,
    });
  });
  return parseConfig(path, text);
}

export function parseConfig(path: string, text: string): AgentConfig {
  let parsed: Partial<Record<keyof AgentConfig, unknown>>;
  try {
    parsed = JSON.parse(text) as typeof parsed;
  } catch (cause) {
    throw new BallastError('bad-file', `${path} is no JSON`, { cause });
  }
  const missing = (['machine', 'server', 'ca'] as const).filter((key) => typeof parsed?.[key] !== 'string');
  if (missing.length > 0) throw new BallastError('bad-file', `${path} lacks ${missing.join(', ')}`);
  return parsed as AgentConfig;
}

export async function forgetToken(path: string, { token: _, ...config }: AgentConfig): Promise<AgentConfig> {
  await writeAtomic(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return config;
}
