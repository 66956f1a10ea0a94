import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { CertificateAnswer } from '#wire/access-views.ts';
import { removeSshFiles, sshConfigText, sshFolderOf, usualAccount } from './ssh-files.ts';

const answer: CertificateAnswer = {
  serial: 7,
  who: 'ana',
  certificate: 'ssh-ed25519-cert-v01@openssh.com AAAA',
  principals: ['ana/deploy'],
  expiresAt: Date.UTC(2026, 10, 22, 12),
  hostAuthority: 'ssh-ed25519 BBBB',
  machines: [{ name: 'app-1', address: '192.0.2.7', port: 2222, accounts: ['deploy', 'root'] }],
};

it('the configuration names machines, whom to believe and what to show', () => {
  const files = { key: '/c/50%/id', certificate: '/c/50%/id-cert.pub', knownHosts: '/c/50%/known_hosts' };
  expect(
    sshConfigText(answer, files, 'prod'),
  ).toBe(`# Certificate 7 of ana, good until 2026-11-22T12:00:00.000Z. Written anew by: ballast access cert

Host app-1 app-1.prod
  HostName 192.0.2.7
  HostKeyAlias app-1
  Port 2222
  User deploy

Host app-1 app-1.prod
  IdentityFile "/c/50%%/id"
  PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com
  IdentitiesOnly yes
  UserKnownHostsFile "/c/50%%/known_hosts"
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  UpdateHostKeys no
`);
});

it('a key from elsewhere is told where its certificate is', () => {
  const files = { key: '/token/id_sk', certificate: '/c/id-cert.pub', knownHosts: '/c/known_hosts' };
  const text = sshConfigText(answer, files, 'prod');
  expect(text).toContain('CertificateFile "/c/id-cert.pub"');
  expect(text).not.toContain('PubkeyAcceptedAlgorithms');
});

it('one is root only where there is no other account', () => {
  expect([usualAccount(['root', 'deploy']), usualAccount(['root'])]).toEqual(['deploy', 'root']);
});

it('files of a context go with it, and those of others stay', async () => {
  const home = await mkdtemp(join(tmpdir(), 'ballast-ssh-'));
  const shell = { env: { HOME: home } };
  for (const name of ['one', 'two']) {
    await mkdir(sshFolderOf(shell, name), { recursive: true });
    await writeFile(join(sshFolderOf(shell, name), 'id'), '');
  }
  await removeSshFiles(shell, '..');
  await removeSshFiles(shell, 'one');
  expect(await readdir(join(home, '.config/ballast/ssh'))).toEqual(['two']);
  await removeSshFiles(shell, 'two');
  expect(await readdir(join(home, '.config/ballast'))).toEqual([]);
  await rm(home, { recursive: true });
});
