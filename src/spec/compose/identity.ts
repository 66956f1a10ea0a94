import { normalizePath } from '#base/path.ts';
import type { Identities } from '#spec/table/merge.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, textOf } from '#spec/yaml/tree.ts';
import { parseMount } from './mount-syntax.ts';
import { parsePort } from './port-syntax.ts';

/** Which entries of two files mean the same thing, so that the later replaces the earlier. */
export const identities: Identities = {
  mount: (item) => {
    const short = textOf(item);
    const target = short === undefined ? textOf(get(item, 'target')) : parseMount(short)?.target;
    return target === undefined ? undefined : normalizePath(target);
  },
  secret: (item) => grant(item, '/run/secrets/'),
  config: (item) => grant(item, '/'),
  port,
  device: (item) => {
    const short = textOf(item);
    if (short !== undefined) return short.split(':')[1] ?? short;
    return textOf(get(item, 'target')) ?? textOf(get(item, 'source'));
  },
  path: (item) => textOf(item) ?? textOf(get(item, 'path')),
};

function grant(item: Tree, directory: string): string | undefined {
  const target = textOf(get(item, 'target')) ?? textOf(item) ?? textOf(get(item, 'source'));
  if (target === undefined) return undefined;
  return target.startsWith('/') ? target : `${directory}${target}`;
}

function port(item: Tree): string | undefined {
  const short = textOf(item);
  if (short !== undefined) {
    const parsed = parsePort(short);
    if (parsed === undefined) return undefined;
    const { hostIp = '0.0.0.0', published, target, protocol } = parsed;
    const range = (one: typeof published): string =>
      one === undefined ? '' : one.first === one.last ? `${one.first}` : `${one.first}-${one.last}`;
    return `${hostIp}:${range(published)}:${range(target)}/${protocol}`;
  }
  const [hostIp, published, target, protocol] = ['host_ip', 'published', 'target', 'protocol'].map((key) =>
    textOf(get(item, key)),
  );
  return target === undefined
    ? undefined
    : `${hostIp ?? '0.0.0.0'}:${published ?? ''}:${target}/${protocol ?? 'tcp'}`;
}
