import { parseAddress } from '#base/cidr.ts';
import { present } from '#base/present.ts';
import type { PortSyntax } from '#spec/compose/port-syntax.ts';
import { parsePort, parseRange, sizeOf } from '#spec/compose/port-syntax.ts';
import type { PortModel } from '#spec/model.ts';
import type { Tree } from '#spec/yaml/tree.ts';
import { get, itemsOf, textOf } from '#spec/yaml/tree.ts';
import type { ServiceScope } from './scope.ts';
import { at, complain } from './scope.ts';

/** A published port and where it was written. */
export interface WrittenPort {
  readonly port: PortModel;
  readonly tree: Tree;
}

/** Every published port, ranges spread out to one entry a port. */
export function portsOf(scope: ServiceScope): readonly WrittenPort[] {
  return itemsOf(at(scope, 'ports')).flatMap((item) => {
    const short = textOf(item);
    if (item.kind === 'list' || (item.kind === 'scalar' && short === undefined)) return [];
    const syntax = short === undefined ? longPort(scope, item) : parsePort(short);
    if (syntax === undefined) {
      if (short !== undefined) badPort(scope, item, short);
      return [];
    }
    return spread(scope, item, syntax).map((port) => ({ port, tree: item }));
  });
}

function badPort(scope: ServiceScope, item: Tree, text: string): void {
  complain(scope, 'bad-port', item, {
    what: `ports: ${JSON.stringify(text)} is no port`,
    why: 'a port is PUBLISHED:TARGET, each 1 to 65535, with an address before or /udp behind if need be',
    fix: 'for example "8080:80", "192.0.2.10:8080:80", "53:53/udp" or "8000-8009:8000-8009"',
  });
}

function longPort(scope: ServiceScope, item: Tree): PortSyntax | undefined {
  const target = parseRange(textOf(get(item, 'target')) ?? '');
  const written = textOf(get(item, 'published'));
  const published = written === undefined || written === '' ? undefined : parseRange(written);
  if (target === undefined) return undefined;
  if (written !== undefined && written !== '' && published === undefined) {
    badPort(scope, get(item, 'published') ?? item, written);
    return undefined;
  }
  const protocol = textOf(get(item, 'protocol')) ?? 'tcp';
  return present({ target, published, protocol, hostIp: textOf(get(item, 'host_ip')) });
}

const rangeMax = 1024;

function spread(scope: ServiceScope, item: Tree, syntax: PortSyntax): readonly PortModel[] {
  const { published, target, protocol, hostIp } = syntax;
  if (published === undefined) {
    complain(scope, 'port-not-fixed', item, {
      what: `ports: ${target.first} is published to no fixed port`,
      why: 'a port chosen at random on every machine could not be found by anybody',
      fix: `write "${target.first}:${target.first}" to publish it, or use expose when only services of the app need it`,
    });
    return [];
  }
  if (sizeOf(published) !== sizeOf(target)) {
    complain(scope, 'bad-port', item, {
      what: `ports: the ranges differ in length: ${sizeOf(published)} published, ${sizeOf(target)} inside`,
      fix: 'make both ranges equally long',
    });
    return [];
  }
  if (sizeOf(published) > rangeMax) {
    complain(scope, 'bad-port', item, {
      what: `ports: a range of ${sizeOf(published)} ports is too long`,
      why: 'every port is a rule in the firewall of every machine',
      fix: `publish at most ${rangeMax}, or use network_mode: host`,
    });
    return [];
  }
  const known = protocol === 'tcp' || protocol === 'udp' ? protocol : undefined;
  if (known === undefined) {
    if (item.kind === 'scalar') {
      complain(scope, 'bad-port', item, {
        what: `ports: ${protocol} is neither tcp nor udp`,
        fix: 'use /tcp or /udp',
      });
    }
    return [];
  }
  if (hostIp !== undefined && parseAddress(hostIp) === undefined) {
    complain(scope, 'bad-port', item, {
      what: `ports: ${hostIp} is no IPv4 address`,
      why: 'machines are reached by IPv4',
      fix: 'use an address such as 192.0.2.10, or leave it out to listen on all',
    });
    return [];
  }
  return Array.from({ length: sizeOf(published) }, (_, index) =>
    present({
      target: target.first + index,
      published: published.first + index,
      protocol: known,
      hostIp: hostIp === '0.0.0.0' ? undefined : hostIp,
      mode: textOf(get(item, 'mode')) === 'host' ? ('host' as const) : ('ingress' as const),
      name: textOf(get(item, 'name')),
    }),
  );
}

/** `expose` as `port/protocol`, checked, in order. */
export function exposeOf(scope: ServiceScope): readonly string[] {
  const found = itemsOf(at(scope, 'expose')).flatMap((item) => {
    const text = textOf(item);
    if (text === undefined) return [];
    const [range = '', protocol = 'tcp'] = text.split('/');
    if (parseRange(range) !== undefined && (protocol === 'tcp' || protocol === 'udp'))
      return [`${range}/${protocol}`];
    complain(scope, 'bad-port', item, {
      what: `expose: ${text} is no port`,
      fix: 'for example "5432" or "8000-8009/udp"',
    });
    return [];
  });
  return [...new Set(found)];
}
