import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { factsScript, parseFacts } from './facts.ts';
import { installScript } from './prepare.ts';
import { removeScript, stateScript, writeScript } from './scripts.ts';

test('files are written whole, with their mode, and are then found as they were wanted', () => {
  const dir = mkdtempSync(join(tmpdir(), 'ballast-scripts-'));
  try {
    const path = `${dir}/it's a dir/config`;
    const script = writeScript(
      [
        { path, mode: 0o600, base64: Buffer.from('tøken\n'.repeat(50)).toString('base64'), state: '' },
        { path: `${dir}/link`, mode: 0o777, linkTo: path, state: '' },
      ],
      { unit: 'x.service', restart: false },
    );
    const files = script.split('\n').filter((line) => !line.startsWith('systemctl'));
    for (let round = 0; round < 2; round += 1) execFileSync('sh', ['-s'], { input: files.join('\n') });
    expect(readFileSync(`${dir}/link`, 'utf8')).toBe('tøken\n'.repeat(50));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const state = execFileSync('sh', ['-s'], {
      input: stateScript([path, `${dir}/link`, `${dir}/none`]),
      encoding: 'utf8',
    });
    expect(state.split('\n').map((line) => line.split('\t')[1]?.replace(/[0-9a-f]{64}/, 'DIGEST'))).toEqual([
      'file 600 DIGEST',
      `link ${path}`,
      undefined,
    ]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a unit is started anew only when something of it changed', () => {
  expect(writeScript([], { unit: 'x.service', restart: false })).toBe(
    'set -e\nsystemctl enable --quiet x.service\nsystemctl start x.service\n',
  );
  expect(writeScript([], { unit: 'x.service', restart: true })).toContain('daemon-reload\n');
});

test.each([
  ['facts', factsScript(['podman', 'crun'])],
  ['install', installScript(['podman'])],
  [
    'remove',
    removeScript('x.service', {
      executable: '/opt/x y',
      ledger: '/var/x/owned.json',
      paths: ['/etc/x y'],
      directories: ['/etc/x'],
    }),
  ],
])('the script %s is sound shell', (_, script) => {
  execFileSync('sh', ['-n'], { input: script });
});

test('the facts of this computer are told', () => {
  const facts = parseFacts(
    execFileSync('sh', ['-s'], { input: factsScript(['no-such-package']), encoding: 'utf8' }),
  );
  expect(facts).toMatchObject({ uid: process.getuid?.(), missingPackages: ['no-such-package'] });
  expect(facts.memoryBytes).toBeGreaterThan(1 << 20);
  expect(Math.abs(facts.nowMs - Date.now())).toBeLessThan(20_000);
});
