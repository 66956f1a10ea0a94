import { describe, expect, it } from 'vitest';
import type { SshFixture } from '#compile/fixtures.ts';
import type { Resource } from '#compile/manifest.ts';
import type { AccessPolicy } from '#plan/access-model.ts';
import type { MachineRecord, Policy } from '#plan/model.ts';
import type { AccessRule } from '#spec/fleet-model.ts';
import { accessResources } from './access.ts';

const ssh: SshFixture = {
  userAuthority: 'ssh-ed25519 AAAA people',
  hostCertificates: { 'app-1': [{ name: 'ed25519', certificate: 'ssh-ed25519-cert-v01@openssh.com BBBB' }] },
  revoked: '# none\n',
};
const rule = (more: Partial<AccessRule> = {}): AccessRule => ({
  ...{ who: 'ana@example.com', machines: ['app-*'], as: 'deploy', sudo: [], ttlMs: 1, from: [] },
  ...more,
});

interface Given {
  readonly rules?: readonly AccessRule[];
  readonly access?: Partial<AccessPolicy>;
  readonly machine?: Partial<MachineRecord>;
}

function held({ rules, access, machine }: Given): Readonly<Record<string, Resource>> {
  const record: MachineRecord = {
    ...{ name: 'app-1', provider: 'local', index: 1, address: '10.90.0.1', labels: {}, schedulable: true },
    ...machine,
  };
  const policy: Policy = {
    fleet: {
      ...{ name: 'acme', pools: {}, network: { machines: '10.90.0.0/24', containers: '10.91.0.0/16' } },
      ...{ registry: {}, ...(rules === undefined ? {} : { access: rules }) },
    },
    ...(access === undefined ? {} : { access: { grants: [], suspended: [], proven: {}, ...access } }),
    machines: { 'app-1': record },
    apps: {},
  };
  return Object.fromEntries(accessResources(policy, 'app-1', ssh).map((resource) => [resource.id, resource]));
}

const sshd = 'file:/etc/ssh/sshd_config.d/05-ballast-access.conf';
const sudoers = 'file:/etc/sudoers.d/ballast_access';
const principals = (account: string): string => `file:/etc/ssh/ballast/principals/${account}`;
const textOf = (resource: Resource | undefined): string =>
  resource?.kind === 'file' ? (resource.content ?? '') : 'none';

describe('access', () => {
  it('leaves sshd as it is until people speak of it', () => {
    expect(held({})).toEqual({});
  });

  it('lets nobody in when the list is empty', () => {
    expect(Object.keys(held({ rules: [] })).filter((id) => id.includes('principals/'))).toEqual([]);
    expect(textOf(held({ rules: [] })[sshd])).toContain('PasswordAuthentication no');
  });

  it('opens an account for those whom rules name, everywhere or by a certificate for this machine', () => {
    expect(textOf(held({ rules: [rule()] })[principals('deploy')])).toBe(
      '# Kept by Ballast: certificates that open this account.\nana@example.com/deploy\nana@example.com/deploy@app-1\n',
    );
  });

  it('limits by address and to one command, and leaves no way around it', () => {
    const text = textOf(
      held({ rules: [rule({ from: ['192.0.2.0/24'], command: 'say "hello"' })] })[principals('deploy')],
    );
    expect(text).toContain(
      'from="192.0.2.0/24",restrict,pty,command="say \\"hello\\"" ana@example.com/deploy\n',
    );
  });

  it('keeps the account of somebody whose access is revoked, and closes it', () => {
    const access = { suspended: [{ who: 'ana@example.com', by: 'admin', at: 1 }] };
    const all = held({ rules: [rule()], access });
    expect(all['user:deploy']).toBeDefined();
    expect(textOf(all[principals('deploy')])).not.toContain('ana');
  });

  it('allows by sudo what is listed, word for word', () => {
    const sudo = ['/usr/bin/systemctl status *', '/usr/bin/whoami', '/bin/echo a,b:c=d#e'];
    expect(
      textOf(held({ rules: [rule({ sudo })] })[sudoers]),
    ).toBe(`# Kept by Ballast: what accounts may run as root.
deploy ALL=(root) NOPASSWD: /usr/bin/systemctl status *
deploy ALL=(root) NOPASSWD: /usr/bin/whoami ""
deploy ALL=(root) NOPASSWD: /bin/echo a\\,b\\:c\\=d\\#e
`);
  });

  it('undoes mistakes in what could lock people out', () => {
    const all = held({ rules: [rule({ sudo: ['ALL'] })] });
    expect([all[sshd], all[sudoers], all['user:deploy']].map((one) => one?.confirm)).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('keys that were there before', () => {
  const closed = (given: Given): string => /Match User (\S+)/.exec(textOf(held(given)[sshd]))?.[1] ?? '';

  it('count for nothing in accounts that Ballast makes', () => {
    expect(closed({ rules: [rule()] })).toBe('deploy');
  });

  it.each([
    ['root', {}],
    ['debian', { provider: 'ssh', ssh: { user: 'debian', port: 22 } }],
  ] as const)('go on working for %s until a certificate opened it', (as, machine) => {
    expect(closed({ rules: [rule({ as })], machine })).toBe('');
    expect(closed({ rules: [rule({ as })], machine, access: { proven: { 'app-1': [as] } } })).toBe(as);
    expect(held({ rules: [rule({ as })], machine })[`user:${as}`]).toBeUndefined();
  });

  it('work again when no rule names the account', () => {
    expect(closed({ rules: [rule()], access: { proven: { 'app-1': ['root'] } } })).toBe('deploy');
  });
});
