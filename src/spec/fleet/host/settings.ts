import { present } from '#base/present.ts';
import { suggest } from '#base/suggest.ts';
import { bytesOf, integerOf, msOf, pairsOf, sortKeys } from '#spec/compose/normal/values.ts';
import type { HostJournalModel, HostModel, HostPackageModel, HostSwapModel } from '#spec/host-model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { booleanOf, entriesOf, get, textOf } from '#spec/yaml/tree.ts';
import { bodyOf, type Reading } from './reading.ts';

/** Packages that Ballast itself cannot do without. */
const needed = ['podman', 'iproute2', 'dnsmasq-base', 'nftables', 'systemd', 'openssh-server'];

export function packagesOf(tree: Tree | undefined, { path, problems }: Reading): HostModel['packages'] {
  const found = entriesOf(tree).map(({ key, value, at }): [string, HostPackageModel] => {
    const one = present({
      version: textOf(get(value, 'version')),
      hold: booleanOf(get(value, 'hold')) ?? false,
      absent: booleanOf(get(value, 'absent')) ?? false,
    });
    if (one.absent && (needed.includes(key) || one.hold || one.version !== undefined)) {
      problems.add('conflict', {
        what: `${path}.packages.${key}: ${needed.includes(key) ? 'Ballast needs it' : 'what is absent has no version and cannot be held'}`,
        fix: 'remove absent',
        at,
      });
    }
    return [key, one];
  });
  return sortKeys(Object.fromEntries(found));
}

export function timezoneOf(tree: Tree | undefined, { path, problems }: Reading): string | undefined {
  const zone = textOf(tree);
  if (zone === undefined) return undefined;
  const known = ['UTC', 'Etc/UTC', ...Intl.supportedValuesOf('timeZone')];
  const spelled = known.find((name) => name.toLowerCase() === zone.toLowerCase());
  if (spelled === zone || (spelled === undefined && isZone(zone))) return zone;
  const near = spelled ?? suggest(zone, known) ?? known.find((name) => name.endsWith(`/${zone}`));
  problems.add('bad-value', {
    what: `${path}.timezone: there is no time zone ${zone}`,
    fix: near === undefined ? 'write it as Europe/Berlin' : `did you mean ${near}?`,
    at: tree?.at,
  });
  return undefined;
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return /^[A-Z]/.test(zone);
  } catch {
    return false;
  }
}

/** Settings that Ballast's own network lives by. */
const needsOn = ['net/ipv4/ip_forward', 'net/bridge/bridge-nf-call-iptables'];

export function sysctlOf(tree: Tree | undefined, { path, problems }: Reading): HostModel['sysctl'] {
  const values = pairsOf(tree);
  const found: Record<string, string> = {};
  for (const { key, at } of entriesOf(tree)) {
    const name = key.includes('/') ? key : key.replaceAll('.', '/');
    const value = (values[key] ?? '').trim();
    if (!/^[\w.*/-]+\/[\w./*-]+$/.test(name) || name.includes('..') || /[\n*]/.test(`${name}${value}`)) {
      problems.add('bad-name', {
        what: `${path}.sysctl: ${JSON.stringify(key)} is no kernel setting`,
        fix: 'write it as net.core.somaxconn: 4096',
        at,
      });
    } else if (value === '') {
      problems.add('bad-value', { what: `${path}.sysctl.${key} has no value`, at });
    } else if (needsOn.includes(name) && value !== '1') {
      problems.add('conflict', {
        what: `${path}.sysctl.${key}: ${value} would cut containers off`,
        why: 'the network of the replicas needs it to be 1',
        fix: 'remove it',
        at,
      });
    }
    found[key] = value;
  }
  return sortKeys(found);
}

export function certificatesOf(tree: Tree | undefined, reading: Reading): HostModel['certificates'] {
  const found = entriesOf(tree).map(({ key, value, at }): [string, string] => {
    const path = `${reading.path}.certificates.${key}`;
    const { content } = bodyOf(value, path, reading);
    const blocks = content?.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g);
    if (content !== '' && blocks?.length !== 1) {
      reading.problems.add('bad-value', {
        what: `${path}: it holds ${blocks ? `${blocks.length} certificates` : 'no certificate'}`,
        why: 'each authority has an entry of its own',
        fix: 'give one certificate in PEM form: -----BEGIN CERTIFICATE-----',
        at,
      });
    }
    return [key, `${blocks?.[0] ?? ''}\n`];
  });
  return sortKeys(Object.fromEntries(found));
}

export function swapOf(tree: Tree | undefined): HostSwapModel | undefined {
  const sizeBytes = bytesOf(get(tree, 'size'));
  if (sizeBytes === undefined) return undefined;
  const page = 4096;
  return present({
    path: textOf(get(tree, 'path')) ?? '/swapfile',
    sizeBytes: Math.max(10 * page, Math.floor(sizeBytes / page) * page),
    priority: integerOf(get(tree, 'priority')),
  });
}

export function journalOf(tree: Tree | undefined): HostJournalModel {
  const storage = textOf(get(tree, 'storage')) as HostJournalModel['storage'];
  return present({
    maxUseBytes: bytesOf(get(tree, 'max_use')),
    keepFreeBytes: bytesOf(get(tree, 'keep_free')),
    maxFileBytes: bytesOf(get(tree, 'max_file')),
    maxAgeMs: msOf(get(tree, 'max_age')),
    storage,
  });
}
