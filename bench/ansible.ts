import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exec, run } from '#host/exec.ts';
import { guardLink } from '#host/link.ts';
import { failed, type LocalFleet } from '#scripts/fleet/fleet.ts';
import type { Job } from './baseline-job.ts';

/** The same job by Ansible: pipelining, all machines at once and one ssh connection kept for each. */
export interface Ansible {
  readonly play: () => Promise<void>;
}

export async function prepareAnsible(
  fleet: LocalFleet,
  job: Job,
  { home, signal }: { readonly home: string; readonly signal: AbortSignal },
): Promise<Ansible> {
  await installAnsible(signal);
  const folder = join(home, 'ansible');
  await mkdir(folder, { recursive: true });
  const key = join(folder, 'key');
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key], { signal });
  const publicKey = await readFile(`${key}.pub`, 'utf8');
  const machines = await fleet.provider.list(signal);
  for (const { name, address } of machines) {
    await guardLink(address, fleet.provider.network.link);
    const put = 'mkdir -p -m 700 /root/.ssh && cat > /root/.ssh/authorized_keys';
    await run([...(await fleet.provider.inside(name, signal)), 'sh', '-c', put], {
      input: publicKey,
      signal,
    });
  }
  const files = {
    // One socket a machine, by a path that is short enough for one: beside the play.
    'ansible.cfg': `[defaults]
forks = ${machines.length}
host_key_checking = False
gathering = explicit
interpreter_python = /usr/bin/python3
[ssh_connection]
pipelining = True
ssh_args = -o ControlMaster=auto -o ControlPersist=600s -o ControlPath=%C
`,
    inventory: machines
      .map(
        ({ name, address }) =>
          `${name} ansible_host=${address} ansible_user=root ansible_ssh_private_key_file=${key}\n`,
      )
      .join(''),
    'play.yaml': JSON.stringify(playbook(job), null, 1),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return {
    async play() {
      const argv = ['ansible-playbook', '-i', 'inventory', 'play.yaml'];
      const done = await exec(argv, {
        cwd: folder,
        env: { ANSIBLE_CONFIG: join(folder, 'ansible.cfg'), ANSIBLE_HOME: folder },
        timeoutMs: 180_000,
        signal,
      });
      if (done.code === 0) return;
      const why = done.stdout.split('\n').filter((line) => /^(?:fatal|failed):/.test(line));
      throw failed('ansible-playbook failed', { ...done, stderr: why.join('\n') });
    },
  };
}

async function installAnsible(signal: AbortSignal): Promise<void> {
  const there = await exec(['sh', '-c', 'command -v ansible-playbook'], { signal });
  if (there.code === 0) return;
  const apt = ['apt-get', '-qq', '-y', '--no-install-recommends', 'install', 'ansible-core'];
  await run(apt, { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 300_000, signal });
}

/** One task a kind, as someone who wants it fast would write it. */
const playbook = ({ packages, files, sysctls, users, units }: Job): unknown => [
  {
    hosts: 'all',
    tasks: [
      { apt: { name: packages } },
      { file: { path: '/etc/bench', state: 'directory', mode: '0755' } },
      ...files.map(({ path, content }) => ({ copy: { dest: path, content, mode: '0644' } })),
      ...sysctls.map(({ key, value }) => ({
        copy: { dest: `/etc/sysctl.d/90-${key}.conf`, content: `${key} = ${value}\n` },
      })),
      ...users.map((name) => ({ user: { name, shell: '/bin/sh' } })),
      ...units.map((name) => ({ systemd: { name, enabled: true, state: 'started' } })),
    ],
  },
];
