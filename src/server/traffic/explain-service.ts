import { present } from '#base/present.ts';
import { showOrigin } from '#base/result.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import type { Manifest } from '#compile/manifest.ts';
import { type Grant, inboundGrants, outboundGrants } from '#compile/traffic/grants.ts';
import type { NetService } from '#compile/traffic/services.ts';
import type { Traffic } from '#compile/traffic/traffic.ts';
import type { Replica } from '#plan/model.ts';
import { replicaView } from '#server/api/app-views.ts';
import type { Control } from '#server/control/context.ts';
import { explainMachine } from '#server/control/drift.ts';
import { picture } from '#server/control/releases.ts';
import type { Hub } from '#server/hub.ts';
import type { CompileManifest } from '#server/loops/manifests.ts';
import type { Input } from '#wire/operations.ts';
import type { ServiceExplanation, ServiceFact } from '#wire/traffic-views.ts';
import { askAll } from './ask.ts';
import { serviceOf, trafficNow } from './ends.ts';

interface Means {
  readonly control: Control;
  readonly hub: Hub;
}

interface Parts {
  readonly compile: CompileManifest;
  readonly fixtures: Fixtures;
}

/** All about a service on the network: how it is found and reached, by whom, and what runs it where. */
export async function explainService(
  { control, hub }: Means,
  { service: word, app }: Input<'explainService'>,
  parts: Parts,
): Promise<ServiceExplanation> {
  const traffic = trafficNow(control);
  const service = serviceOf(traffic, word, app);
  const counters = await countersOf(hub);
  const { policy, plan } = control.state;
  const machines = [...new Set(service.members.map(({ machine }) => machine))].sort();
  const manifests = machines.map((machine) =>
    parts.compile({ policy, plan, machine, fixtures: parts.fixtures }),
  );
  return {
    service: service.key,
    release: service.release.number,
    facts: [
      ...addressFacts(service),
      ...namesIn(manifests, service),
      ...networkFacts(service),
      ...portFacts(service),
      ...routeFacts(service),
      ...ruleFacts(traffic, service, counters),
      ...service.members.map((replica) => replicaFact(control, service, replica)),
      ...resourceFacts(control, service, parts),
    ],
  };
}

type Counters = ReadonlyMap<string, number>;

/** How often rules were met on all machines that are there, by what stands beside them. */
async function countersOf(hub: Hub): Promise<Counters> {
  const question = { kind: 'counters' } as const;
  const answers = await askAll(
    hub,
    hub.connected.map((machine) => ({ machine, question })),
  );
  const all = answers.flatMap((answer) => (answer.kind === 'counters' ? answer.counters : []));
  const found = new Map<string, number>();
  for (const { comment, packets } of all) found.set(comment, (found.get(comment) ?? 0) + packets);
  return found;
}

/** The line of the nearest key that was written. */
function originOf({ model, release }: NetService, ...keys: readonly string[]): string {
  const path = `services.${model.name}`;
  const at = [...keys.map((key) => `${path}.${key}`), path]
    .map((key) => release.origins[key])
    .find((one) => one !== undefined);
  return at === undefined ? `${release.app} release ${release.number}` : showOrigin(at);
}

function addressFacts(service: NetService): readonly ServiceFact[] {
  const origin = originOf(service, 'deploy.endpoint_mode');
  const { vip, virtual, serving } = service;
  const detail = `${serving.length} of ${service.members.length} replicas take new connections`;
  if (virtual.length === 0)
    return [{ topic: 'address', what: 'none', detail: `names lead to the replicas: ${detail}`, origin }];
  return virtual.map((what) => ({
    ...{ topic: 'address', what },
    detail: what === vip ? `virtual address: ${detail}` : 'given by ipv4_address',
    origin: what === vip ? origin : originOf(service, 'networks'),
  }));
}

/** Names as the machines' name servers are told them, in the order of addresses. */
function namesIn(manifests: readonly Manifest[], service: NetService): readonly ServiceFact[] {
  const own = new Set([...service.virtual, ...service.members.map(({ address }) => address)]);
  const path = `/etc/ballast/dns/hosts/${service.app}`;
  const texts = manifests.flatMap(({ resources }) =>
    resources.flatMap((one) => (one.kind === 'file' && one.path === path ? [one.content ?? ''] : [])),
  );
  const lines = [...new Set(texts.flatMap((text) => text.split('\n')))].filter((line) =>
    own.has(line.split(' ')[0] ?? ''),
  );
  return lines.map((line) => {
    const [address = '', ...names] = line.split(' ');
    return {
      ...{ topic: 'name', what: names.join(' '), detail: address },
      origin: originOf(service, 'networks'),
    } as const;
  });
}

const networkFacts = (service: NetService): readonly ServiceFact[] =>
  Object.keys(service.model.networks).map((key) => {
    const network = service.release.model.networks[key];
    const at = service.release.origins[`networks.${key}`];
    const traits = [network?.external && 'external', network?.internal && 'internal'].filter(Boolean);
    return {
      ...{ topic: 'network', what: network?.name ?? key, detail: traits.join(', ') },
      origin: at === undefined ? originOf(service, `networks.${key}`, 'networks') : showOrigin(at),
    };
  });

const portFacts = (service: NetService): readonly ServiceFact[] => [
  ...service.model.ports.map(({ target, published, protocol, mode, hostIp }, index) => ({
    topic: 'port' as const,
    what: `${published}/${protocol}`,
    detail: `to ${target}, on ${hostIp ?? (mode === 'ingress' ? 'every machine' : 'machines with a replica')}`,
    origin: originOf(service, `ports.${index}`, 'ports'),
  })),
  ...service.model.expose.map((text, index) => ({
    topic: 'port' as const,
    what: text,
    detail: 'exposed',
    origin: originOf(service, `expose.${index}`, 'expose'),
  })),
];

const routeFacts = (service: NetService): readonly ServiceFact[] =>
  (service.model.ingress ?? []).map(({ hosts, pathPrefix, port, tls }, index) => ({
    topic: 'route',
    what: hosts.map((host) => `${tls.kind === 'off' ? 'http' : 'https'}://${host}${pathPrefix}`).join(' '),
    detail: `to ${port}, by machines that take requests from the world`,
    origin: originOf(service, `x-ballast.ingress.${index}`, 'x-ballast.ingress'),
  }));

function ruleFacts(traffic: Traffic, service: NetService, counters: Counters): readonly ServiceFact[] {
  const fact = (topic: 'inbound' | 'outbound', grant: Grant): ServiceFact => ({
    topic,
    what: `${whomWords(grant.whom)}${grant.ports.length === 0 ? '' : ` at ${grant.ports.map(portWords).join(', ')}`}`,
    detail: grant.comment,
    origin: grant.origin,
    packets: counters.get(grant.comment) ?? 0,
  });
  const refusal = (comment: string, what: string, origin: string): ServiceFact[] => [
    { topic: 'refused', what, detail: comment, origin, packets: counters.get(comment) ?? 0 },
  ];
  const out = outboundGrants(traffic, service);
  return [
    ...inboundGrants(traffic, service).map((grant) => fact('inbound', grant)),
    ...refusal(`refused ${service.key}`, 'all others', originOf(service, 'x-ballast.inbound')),
    ...(out ?? []).map((grant) => fact('outbound', grant)),
    ...(out === undefined
      ? []
      : refusal(
          `refused from ${service.key}`,
          'to go anywhere else',
          originOf(service, 'x-ballast.outbound'),
        )),
  ];
}

const portWords = ({ protocol, from, to }: Grant['ports'][number]): string =>
  `${from === to ? from : `${from}-${to}`}${protocol === 'udp' ? '/udp' : ''}`;

/** Names of sets say what they hold: `net-shop_default`, `svc-shop/web`. */
function whomWords(whom: Grant['whom']): string {
  if (whom.kind === 'any') return 'any';
  if (whom.kind === 'cidrs') return whom.cidrs.join(', ') || 'nobody';
  if (whom.set.startsWith('net-')) return `whoever is on the network ${whom.set.slice('net-'.length)}`;
  return whom.set.replace(/^(?:svc|to)-/, '');
}

function replicaFact(control: Control, service: NetService, replica: Replica): ServiceFact {
  const { report, away } = replicaView(picture(control), replica);
  const health = away ? 'its machine is away' : (report?.state ?? 'not reported yet');
  return {
    ...{ topic: 'replica', what: replica.id, machine: replica.machine },
    detail: `${replica.address}, ${replica.phase}, ${health}; ${replica.reason}`,
    origin: originOf(service),
  };
}

/** What the machines hold for its replicas: containers, their units, and what they need. */
function resourceFacts(control: Control, service: NetService, parts: Parts): readonly ServiceFact[] {
  const byMachine = Map.groupBy(service.members, ({ machine }) => machine);
  return [...byMachine].flatMap(([machine, replicas]) => {
    const { resources } = explainMachine(control, { machine }, parts);
    const own = resources.filter(({ name }) => replicas.some(({ id }) => name.includes(id)));
    const needed = new Set(own.flatMap(({ id, after }) => [id, ...after]));
    return resources
      .filter(({ id }) => needed.has(id))
      .map(({ id, origin, state, detail }) =>
        present({
          ...{ topic: 'resource' as const, what: id, machine, origin },
          detail: detail === undefined ? state : `${state}: ${detail}`,
        }),
      );
  });
}
