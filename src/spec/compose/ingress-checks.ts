import { same } from '#base/json.ts';
import { namesOf } from '#spec/ingress-model.ts';
import type { WrittenIngress } from './normal/ingress.ts';
import type { Scope } from './normal/scope.ts';

interface Way extends WrittenIngress {
  readonly service: string;
  readonly host: string;
}

/** One host and path leads to one service, and a host has one certificate. */
export function checkIngress(
  scope: Scope,
  services: ReadonlyMap<string, { readonly ingress: readonly WrittenIngress[] }>,
): void {
  const byHost = new Map<string, Way[]>();
  for (const [service, { ingress }] of services) {
    for (const written of ingress) {
      for (const host of namesOf(written.entry)) {
        const way = { ...written, service, host };
        compare(scope, way, byHost.get(host) ?? []);
        byHost.set(host, [...(byHost.get(host) ?? []), way]);
      }
    }
  }
}

function compare(scope: Scope, way: Way, others: readonly Way[]): void {
  const { problems } = scope.source;
  const { entry, host, service, tree } = way;
  const twin = others.find((other) => meets(way, other));
  if (twin !== undefined) {
    problems.add('ingress-clash', {
      what: `services.${service}: ${host}${entry.pathPrefix} leads to ${twin.service === service ? 'it twice' : `services.${twin.service} already`}; the other is on line ${twin.tree.at.line}`,
      why: 'a request has one way to go',
      fix: 'give one of them another host or path_prefix',
      at: tree.at,
    });
  }
  const unlike = others.find((other) => !same(other.entry.tls, entry.tls));
  if (unlike !== undefined) {
    problems.add('ingress-clash', {
      what: `services.${service}: ${host} has another tls than on line ${unlike.tree.at.line}`,
      why: 'a host has one certificate',
      fix: 'write the same tls for both',
      at: tree.at,
    });
  }
}

/** A host that is sent on is so whatever the path is. */
const meets = (a: Way, b: Way): boolean =>
  a.entry.redirectFrom.includes(a.host) ||
  b.entry.redirectFrom.includes(b.host) ||
  a.entry.pathPrefix === b.entry.pathPrefix;
