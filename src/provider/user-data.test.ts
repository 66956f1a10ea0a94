import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parseYaml } from '#spec/yaml/parse.ts';
import { plain } from '#spec/yaml/tree.ts';
import { userData } from './user-data.ts';

const parts = {
  server: 'https://192.0.2.9:7443',
  serverName: 'ballast-server',
  ca: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  token: 'once-only',
  digest: 'ab'.repeat(32),
  expiresAt: Date.UTC(2027, 0, 1),
  whom: '2 machines of the pool web',
};

interface Document {
  readonly write_files: readonly {
    readonly path: string;
    readonly permissions: string;
    readonly content: string;
  }[];
  readonly runcmd: readonly (readonly string[])[];
}

function read(): Document {
  const problems: unknown[] = [];
  const collect = { add: (...each: unknown[]) => problems.push(each) };
  const [tree] = parseYaml({ file: 'user-data', text: userData(parts), dir: '/' }, collect as never);
  expect(problems).toEqual([]);
  return plain(tree as never) as Document;
}

const file = (end: string) => read().write_files.find(({ path }) => path.endsWith(end));

describe('a cloud-init document', () => {
  test('says what it is in its first line, and to people whom it lets in until when', () => {
    expect(userData(parts).split('\n').slice(0, 2)).toEqual([
      '#cloud-config',
      '# Lets in 2 machines of the pool web, until 2027-01-01T00:00:00Z. Whoever has this document until then can join in their place.',
    ]);
  });

  test('tells the agent where to join, and by no name', () => {
    const config = file('agent.json');
    expect(JSON.parse(config?.content ?? '')).toEqual({
      server: parts.server,
      ca: parts.ca,
      token: parts.token,
    });
    expect(config?.permissions).toBe('0600');
  });

  test('holds a script that a shell understands, which fetches from the server alone', () => {
    const script = file('ballast-join')?.content ?? '';
    const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(script.match(/https?:\/\/[^\s/]+/g)).toEqual(['https://ballast-server:7443']);
    expect(script).toContain('--connect-to ballast-server:7443:192.0.2.9:7443');
    expect(script).not.toContain(parts.token);
  });
});
