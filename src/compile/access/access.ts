import type { SshFixture } from '#compile/fixtures.ts';
import { userId } from '#compile/host/accounts.ts';
import { askedOf } from '#compile/host/asked.ts';
import type { FileResource, Resource, UserResource } from '#compile/manifest.ts';
import { debianPackage, directory, file } from '#compile/resources.ts';
import { isAdministrators, isSuspended, minded, rulesOn, type StandingRule } from '#plan/access.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import { principalsText } from './principals.ts';
import {
  hostCertificatePath,
  principalsFolder,
  revokedPath,
  sshdText,
  sshFolder,
  userCaPath,
} from './sshd.ts';
import { sudoersText } from './sudoers.ts';

const origin = 'access';
const sshdPath = '/etc/ssh/sshd_config.d/05-ballast-access.conf';
const sudoersPath = '/etc/sudoers.d/ballast_access';
const noKeys = '# Kept by Ballast: people come in by certificate, and keys written here count for nothing.\n';
/** A machine where sshd does not run, or is started by a connection, reads it when it starts. */
const tellSshd = [['systemctl', 'try-reload-or-restart', 'ssh.service']];

/**
 * What lets people log in on a machine, and nothing else: by certificates of the fleet's authority, as accounts that
 * rules name. Nothing until people speak of access, and nothing until the authority is known.
 */
export function accessResources(policy: Policy, machine: string, ssh: SshFixture | undefined): Resource[] {
  const record = policy.machines[machine];
  if (ssh === undefined || record === undefined || !minded(policy)) return [];
  const rules = rulesOn(policy, machine);
  const accounts = [...new Set(rules.map(({ as }) => as))].sort();
  const authority = file(origin, userCaPath, { content: `${ssh.userAuthority}\n` });
  const revoked = file(origin, revokedPath, { content: ssh.revoked });
  const certificates = (ssh.hostCertificates[machine] ?? []).map(
    ({ name, certificate }): FileResource => ({
      ...file(origin, hostCertificatePath(name), { content: `${certificate}\n` }),
      afterwards: tellSshd,
    }),
  );
  const parts = [authority, revoked, ...certificates];
  const closed = accounts.filter((account) => isClosed(policy, record, account));
  const sshd: FileResource = {
    ...file(origin, sshdPath, {
      content: sshdText(
        certificates.map(({ path }) => path),
        closed,
      ),
    }),
    after: parts.map(({ id }) => id),
    check: ['/usr/sbin/sshd', '-t', '-f', '{}'],
    afterwards: tellSshd,
    confirm: true,
  };
  return [
    directory(origin, sshFolder),
    directory(origin, principalsFolder),
    ...parts,
    ...accounts.map((account) => principalsFile(policy, machine, account)),
    ...accounts.flatMap((account) => accountResources(policy, record, account, rules)),
    ...sudoResources(rules),
    sshd,
  ];
}

/** Whether an account's own keys count for nothing any more. */
function isClosed(policy: Policy, machine: MachineRecord, account: string): boolean {
  // Keys that the baseline names are wanted.
  if (askedOf(policy, machine.name)?.host.sshKeys[account] !== undefined) return false;
  if (!isAdministrators(policy, machine, account)) return true;
  return policy.access?.proven[machine.name]?.includes(account) ?? false;
}

const originOf = (rules: readonly StandingRule[], account: string): string =>
  rules.find(({ as }) => as === account)?.origin ?? origin;

function principalsFile(policy: Policy, machine: string, account: string): FileResource {
  const rules = rulesOn(policy, machine).filter(({ as }) => as === account);
  const standing = rules.filter(({ who }) => !isSuspended(policy, who));
  return file(originOf(rules, account), `${principalsFolder}/${account}`, {
    content: principalsText(standing, machine),
  });
}

/** The account itself, unless it was there before Ballast or the baseline holds it. */
function accountResources(
  policy: Policy,
  machine: MachineRecord,
  account: string,
  rules: readonly StandingRule[],
): Resource[] {
  if (isAdministrators(policy, machine, account)) return [];
  if (askedOf(policy, machine.name)?.host.users[account] !== undefined) return [];
  const user: UserResource = {
    kind: 'user',
    id: userId(account),
    name: account,
    group: account,
    groups: [],
    shell: '/bin/bash',
    home: `/home/${account}`,
    makeHome: true,
    comment: '',
    system: false,
    removeHome: false,
    after: [],
    origin: originOf(rules, account),
    confirm: true,
  };
  const own = { owner: account, group: account, after: [user.id] };
  const folder = directory(user.origin, `${user.home}/.ssh`, { ...own, mode: 0o700 });
  // Its keys count for nothing; one that somebody writes there all the same is drift, and is told as such.
  const keys = file(
    user.origin,
    `${folder.path}/authorized_keys`,
    { content: noKeys },
    { after: [folder.id] },
  );
  return [user, folder, keys];
}

function sudoResources(rules: readonly StandingRule[]): Resource[] {
  const text = sudoersText(rules);
  if (text === undefined) return [];
  return [
    debianPackage(origin, 'sudo'),
    {
      ...file(origin, sudoersPath, { content: text }, { mode: 0o440, after: ['package:sudo'] }),
      check: ['/usr/sbin/visudo', '-c', '-f', '{}'],
      confirm: true,
    },
  ];
}
