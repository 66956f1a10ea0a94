import type { DeviceModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';

export function devicesOf(scope: ServiceScope): readonly DeviceModel[] {
  return itemsOf(at(scope, 'devices')).flatMap((item) => {
    const short = textOf(item);
    const device = short === undefined ? longDevice(item) : shortDevice(short);
    if (device?.source.startsWith('/') && device.target.startsWith('/')) return [device];
    if (device !== undefined || short !== undefined) {
      complain(scope, 'bad-value', item, {
        what: `devices: ${short ?? device?.source} is no device path`,
        why: short?.includes('=') ? 'machines have no device plugins (CDI)' : undefined,
        fix: 'for example /dev/ttyUSB0:/dev/ttyUSB0:rw',
      });
    }
    return [];
  });
}

function shortDevice(text: string): DeviceModel | undefined {
  const [source, target, permissions, more] = text.split(':');
  if (source === undefined || more !== undefined) return undefined;
  if (target !== undefined && permissions === undefined && /^[rwm]+$/.test(target)) {
    return { source, target: source, permissions: target };
  }
  return { source, target: target ?? source, permissions: permissions ?? 'rwm' };
}

function longDevice(tree: Tree): DeviceModel | undefined {
  const source = textOf(get(tree, 'source'));
  if (source === undefined) return undefined;
  return {
    source,
    target: textOf(get(tree, 'target')) ?? source,
    permissions: textOf(get(tree, 'permissions')) ?? 'rwm',
  };
}

/** Options in podman's spelling: `seccomp:unconfined`, as Docker once wrote it, is `seccomp=unconfined`. */
export function securityOptOf(scope: ServiceScope): readonly string[] {
  const options = itemsOf(at(scope, 'security_opt')).flatMap((item) => {
    const text = textOf(item);
    if (text === undefined) return [];
    const [name = '', value] = text.split(/[=:](.*)/s);
    switch (name) {
      case 'no-new-privileges':
        return value === 'false' ? [] : ['no-new-privileges'];
      case 'systempaths':
        return value === 'unconfined' ? ['unmask=ALL'] : [];
      case 'seccomp':
        if (value === 'unconfined' || value?.startsWith('/')) return [`seccomp=${value}`];
        break;
      case 'apparmor':
      case 'label':
      case 'mask':
      case 'unmask':
      case 'proc-opts':
        if (value) return [`${name}=${value}`];
        break;
      default:
    }
    complain(scope, 'bad-value', item, {
      what: `security_opt: ${text} is none that podman knows`,
      why: name === 'seccomp' ? 'a seccomp profile is a file on the machine' : undefined,
      fix: 'for example no-new-privileges, apparmor=unconfined, seccomp=unconfined or seccomp=/etc/app.json',
    });
    return [];
  });
  return [...new Set(options)];
}

const namespaces = {
  ipc: ['host', 'none', 'shareable'],
  pid: ['host'],
  uts: ['host'],
  cgroup: ['host'],
} as const;

/** A namespace that differs from the usual private one. */
export function namespaceOf<K extends keyof typeof namespaces>(
  scope: ServiceScope,
  key: K,
): (typeof namespaces)[K][number] | undefined {
  const tree = at(scope, key);
  const text = textOf(tree);
  if (text !== undefined && /^(service|container):/.test(text)) {
    complain(scope, 'refused-value', tree, {
      what: `${key}: ${text} is refused`,
      why: 'the two containers may be on different machines',
      fix: 'run both processes in one container, or let them talk over the network',
    });
  }
  const known: readonly (typeof namespaces)[K][number][] = namespaces[key];
  return known.find((name) => name === text);
}
