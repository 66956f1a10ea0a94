import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#host/exec.ts';
import { guardLink } from '#host/link.ts';
import type { IncusAccess } from '#provider/incus/connection.ts';
import type { LocalProvider } from '#provider/local/local.ts';
import { ensureVariant, variantRoot } from '#scripts/fleet/variant.ts';
import { makeAuthority, openAuthority } from '#server/pki/authority.ts';
import { inside, patient, quiet } from '../provider-lab.ts';

export const incusPackages = ['incus-base', 'incus-client', 'xz-utils', 'zstd'];
export const cloudPackages = ['cloud-init', 'udev'];

export interface IncusHost {
  readonly access: IncusAccess;
  /** A command in an instance. */
  readonly exec: (instance: string, ...command: readonly string[]) => Promise<string>;
  /** A command on the computer that Incus runs on. */
  readonly shell: (...command: readonly string[]) => Promise<string>;
}

export interface IncusHostOptions {
  readonly machine: string;
  readonly address: string;
  /** Address and prefix of the bridge that instances are on. */
  readonly bridge: string;
}

/**
 * Incus on a local machine, as Debian packages it: with a bridge `blbr0` whose addresses are ours, storage on a real
 * file system, and an image `tiny` of a shell and nothing else.
 */
export async function startIncus(
  provider: LocalProvider,
  { machine, address, bridge }: IncusHostOptions,
): Promise<IncusHost> {
  await provider.create({ name: machine, address, size: {}, seed: [] }, quiet, patient);
  const shell = (...command: readonly string[]): Promise<string> => inside(provider, machine, ...command);
  const authority = await openAuthority(await makeAuthority('client', Date.now()), Date.now);
  const client = await authority.forUser('fleet', 'client');
  await put(provider, machine, '/root/client.crt', client.certificate);
  await put(provider, machine, '/root/image.sh', tinyScript);
  await put(provider, machine, '/root/setup.sh', setupScript);
  await shell('sh', '/root/setup.sh', bridge);
  await guardLink(address);
  const certificate = await shell('cat', '/var/lib/incus/server.crt');
  const fingerprint = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  return {
    shell,
    access: { name: 'lab', url: `https://${address}:8443`, fingerprint, ...client },
    exec: (instance, ...command) => shell('incus', 'exec', instance, '--', ...command),
  };
}

/** Writes a file on a running local machine. */
export async function put(
  provider: LocalProvider,
  machine: string,
  path: string,
  input: string,
): Promise<void> {
  const enter = await provider.inside(machine, patient);
  await run([...enter, 'sh', '-c', 'umask 077; cat >"$1"', 'sh', path], { input });
}

/** Gives Incus an image of a whole system that boots with systemd and asks for its address by DHCP. */
export async function importSystem(provider: LocalProvider, machine: string, alias: string): Promise<void> {
  const root = variantRoot(await ensureVariant('cloud', cloudPackages));
  const dir = mkdtempSync(join(tmpdir(), 'ballast-image-'));
  try {
    const extra = join(dir, 'extra/rootfs/etc/systemd/network');
    mkdirSync(extra, { recursive: true });
    writeFileSync(
      join(extra, '20-eth0.network'),
      '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n',
    );
    writeFileSync(join(dir, 'extra/metadata.yaml'), 'architecture: x86_64\ncreation_date: 1\n');
    const archive = join(dir, 'image.tar');
    await run(['tar', '-C', join(dir, 'extra'), '-cf', archive, 'metadata.yaml', 'rootfs']);
    await run(
      ['tar', '-C', root, '--transform', 's,^\\./,rootfs/,;s,^\\.$,rootfs,', ...leftOut, '-rf', archive, '.'],
      {
        timeoutMs: 200_000,
      },
    );
    const enter = await provider.inside(machine, patient);
    await run([...enter, 'sh', '-c', 'cat >/var/lib/containers/image.tar'], {
      inputFile: archive,
      timeoutMs: 200_000,
    });
    const imported = ['incus', 'image', 'import', '/var/lib/containers/image.tar', '--alias', alias];
    await run([...enter, ...imported], { timeoutMs: 200_000 });
    await run([...enter, 'rm', '/var/lib/containers/image.tar']);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** What is for local machines only: their network, and that nothing manages devices. */
const leftOut = ['network/*.network', 'system/systemd-udevd.service'].map(
  (path) => `--exclude=./etc/systemd/${path}`,
);

const tinyScript = `set -e
dir=$(mktemp -d); mkdir -p $dir/rootfs/bin $dir/rootfs/sbin $dir/rootfs/etc $dir/rootfs/proc $dir/rootfs/sys $dir/rootfs/dev $dir/rootfs/tmp $dir/rootfs/run
cp /bin/busybox $dir/rootfs/bin/
for name in sh cat cut sleep ip udhcpc mkdir ls stat poweroff; do ln -s busybox $dir/rootfs/bin/$name; done
cat >$dir/rootfs/sbin/init <<'X'
#!/bin/sh
trap 'exit 0' PWR TERM INT
ip link set lo up
while :; do sleep 1000 & wait $!; done
X
chmod 755 $dir/rootfs/sbin/init
printf 'architecture: x86_64\\ncreation_date: 1\\n' >$dir/metadata.yaml
tar -C $dir -cf /root/tiny.tar metadata.yaml rootfs
incus image import /root/tiny.tar --alias tiny
rm -rf $dir /root/tiny.tar`;

/** Containers in instances need their cgroups: version 1 has to be asked for. */
const setupScript = `set -e
incus admin waitready --timeout=60
[ -d /var/lib/containers/incus ] && exit 0
mkdir -p /var/lib/containers/incus
incus storage create default dir source=/var/lib/containers/incus
incus network create blbr0 ipv4.address=$1 ipv6.address=none ipv4.nat=true
incus profile device add default root disk path=/ pool=default
[ -e /sys/fs/cgroup/cgroup.controllers ] || incus profile set default raw.lxc='lxc.mount.auto = cgroup:rw:force'
incus config set core.https_address=:8443
incus config trust add-certificate /root/client.crt
sh /root/image.sh`;
