import { contains, parseCidr } from '#base/cidr.ts';
import { showDuration } from '#base/duration.ts';
import { bridge } from '#compile/network.ts';
import type { Judgement } from '#compile/traffic/may-reach.ts';
import type { NetService } from '#compile/traffic/services.ts';
import type { Replica, ReplicaReport } from '#plan/model.ts';
import type { PathAnswer } from '#wire/path-messages.ts';
import type { PathHop } from '#wire/traffic-views.ts';

/** All that is known of the way from one replica to another: what has to be, and what the machines found. */
export interface Way {
  readonly from: Replica;
  readonly to: Replica;
  readonly service: NetService;
  readonly port: number;
  /** The name by which the one calls the other. */
  readonly name: string;
  /** How a connection to the virtual address and to the replica itself is judged. */
  readonly judgement: Judgement;
  readonly report: ReplicaReport | undefined;
  readonly found: Found;
}

/** What is asked, by what it is about. Absent: it does not come into play. */
export interface Found {
  /** At the end where the connection begins. */
  readonly name: PathAnswer;
  readonly judging?: PathAnswer;
  readonly leading?: PathAnswer;
  readonly route: PathAnswer;
  readonly mesh: PathAnswer;
  readonly direct: PathAnswer;
  readonly virtual?: PathAnswer;
  /** At the other end. */
  readonly inbound: PathAnswer;
  readonly listening: PathAnswer;
}

/** How long a handshake of WireGuard holds, in use. */
const handshakeMs = 180_000;

/** The hops of a way in the order in which a connection meets them. */
export function hopsOf(way: Way): readonly PathHop[] {
  return [
    nameHop(way),
    ruleHop(way),
    ...tableHops(way),
    routeHop(way),
    ...meshHops(way),
    thereHop(way),
    processHop(way),
    healthHop(way),
    ...balancingHops(way),
    ...connectionHops(way),
  ];
}

type Hop = PathHop['hop'];
const ok = (hop: Hop, what: string): PathHop => ({ hop, state: 'ok', what });
const broken = (hop: Hop, what: string, fix: string): PathHop => ({ hop, state: 'broken', what, fix });
/** Who does not answer is not known to be broken: a machine that is away tells nothing of the way to it. */
const unknown = (hop: Hop, machine: string, answer: PathAnswer): PathHop => ({
  hop,
  state: 'unknown',
  what: `${machine} could not say: ${answer.kind === 'failed' ? answer.why : 'it answered something else'}`,
});

const repair = (machine: string, resource: string): string => `ballast repair ${machine} '${resource}'`;

function nameHop({ from, service, name, found }: Way): PathHop {
  const answer = found.name;
  if (answer.kind !== 'resolve') return unknown('name', from.machine, answer);
  const servers = answer.servers.join(', ');
  const fix = repair(from.machine, 'unit:ballast-dns.service');
  if (answer.trouble !== undefined) {
    const why =
      answer.servers.length === 0 ? answer.trouble : `${servers} does not answer (${answer.trouble})`;
    return broken('name', `${name} is not resolved on ${from.machine}: ${why}`, fix);
  }
  const wanted = service.vip === undefined ? service.serving.map(({ address }) => address) : [service.vip];
  const strange = answer.addresses.filter((address) => !wanted.includes(address));
  if (answer.addresses.length === 0)
    return broken('name', `the name server of ${from.machine} (${servers}) knows no ${name}`, fix);
  if (strange.length > 0) {
    const what = `${name} leads to ${strange.join(', ')} on ${from.machine}, and not to ${wanted.join(', ')}`;
    return broken('name', what, fix);
  }
  return ok('name', `${name} is ${answer.addresses.join(', ')}, says ${servers}`);
}

function ruleHop({ judgement, port }: Way): PathHop {
  const { allowed, words, origin } = judgement;
  const where = origin === '' ? '' : ` (${origin})`;
  if (allowed) return ok('rule', `${words}${where} lets it through`);
  return broken(
    'rule',
    `nothing lets it through at ${port}: ${words}${where}`,
    'put both on one network, or name the one in x-ballast.inbound of the other',
  );
}

/** The tables of the machine where the connection begins, if the service has a virtual address. */
function tableHops({ from, service, judgement, found }: Way): readonly PathHop[] {
  const { judging, leading } = found;
  if (judging === undefined || leading === undefined || service.vip === undefined) return [];
  const fix = repair(from.machine, 'firewall:*');
  const at = `the firewall of ${from.machine}`;
  if (judging.kind !== 'lookup') return [unknown('table', from.machine, judging)];
  if (leading.kind !== 'lookup') return [unknown('table', from.machine, leading)];
  if (leading.chain === null) return [broken('table', `${at} does not know ${service.vip}`, fix)];
  if (judging.chain === null) return [broken('table', `${at} does not judge ${service.vip}`, fix)];
  if (judgement.allowed && !names(judging, judgement.words))
    return [broken('table', `${at} lacks the rule for ${judgement.words}`, fix)];
  return [ok('table', `${at} knows ${service.vip} and judges it`)];
}

/**
 * Whether new connections are led there. Late, since a machine takes out of its balancing whom it hears nothing of: then
 * the reason is one of the hops before.
 */
function balancingHops({ from, to, service, report, found }: Way): readonly PathHop[] {
  const { leading } = found;
  if (leading?.kind !== 'lookup' || service.vip === undefined) return [];
  const leads = leading.rules.some((rule) =>
    new RegExp(`\\b${to.address.replaceAll('.', '\\.')}\\b`).test(rule),
  );
  const at = `the firewall of ${from.machine}`;
  if (leads) return [ok('balancing', `${at} leads ${service.vip} to ${to.address}`)];
  // Who is not well is led to by nobody: that shows as its health.
  if (to.phase !== 'serving' || report?.state !== 'running') return [];
  const what = `${at} does not lead ${service.vip} to ${to.address}, as if nothing were heard of ${to.id}`;
  return [broken('balancing', what, repair(from.machine, 'firewall:*'))];
}

/** Whether a chain has the rule of a grant. What needs no rule is let through without one. */
const names = ({ rules }: Extract<PathAnswer, { kind: 'lookup' }>, comment: string): boolean =>
  rules.some((rule) => rule.includes(`comment "${comment}"`)) || comment.startsWith('a container ');

function routeHop({ from, to, found }: Way): PathHop {
  const answer = found.route;
  if (answer.kind !== 'route') return unknown('route', from.machine, answer);
  const fix = repair(from.machine, '*network*');
  const same = from.machine === to.machine;
  if (answer.link === null)
    return broken('route', `${from.machine} has no route to ${to.address} on ${to.machine}`, fix);
  if ((answer.link === bridge) !== same) {
    const what = `${from.machine} sends to ${to.address} by ${answer.link}, though it is on ${to.machine}`;
    return broken('route', what, fix);
  }
  return ok('route', `${from.machine} reaches ${to.address} by ${answer.link}`);
}

function meshHops({ from, to, found }: Way): readonly PathHop[] {
  const { route, mesh } = found;
  if (route.kind !== 'route' || !route.link?.startsWith('ballast-mesh')) return [];
  if (mesh.kind !== 'mesh') return [unknown('mesh', from.machine, mesh)];
  const peer = mesh.neighbours.find(({ networks }) =>
    networks.some((text) => {
      const cidr = parseCidr(text);
      return cidr !== undefined && contains(cidr, to.address);
    }),
  );
  if (peer === undefined) {
    const fix = `${repair(from.machine, '*mesh*')}; if ${to.machine} has just joined, wait for its key: ballast machine ls`;
    return [
      broken('mesh', `${from.machine} has no peer for ${to.address}: it does not know ${to.machine}`, fix),
    ];
  }
  const fix = `see that udp reaches ${to.machine} from ${from.machine} at the port of its mesh, and that both run: ballast machine ls`;
  if (peer.handshakeMs === null)
    return [broken('mesh', `${from.machine} and ${to.machine} never shook hands`, fix)];
  const age = showDuration(Math.round(peer.handshakeMs / 1000) * 1000);
  if (peer.handshakeMs > handshakeMs)
    return [broken('mesh', `the last handshake of ${from.machine} and ${to.machine} was ${age} ago`, fix)];
  return [ok('mesh', `${from.machine} and ${to.machine} shook hands ${age} ago`)];
}

/** The table of the machine where the connection ends judges once more. */
function thereHop({ to, judgement, found }: Way): PathHop {
  const answer = found.inbound;
  if (answer.kind !== 'lookup') return unknown('table there', to.machine, answer);
  const at = `the firewall of ${to.machine}`;
  const fix = repair(to.machine, 'firewall:*');
  if (answer.chain === null) return broken('table there', `${at} does not know ${to.address}`, fix);
  if (judgement.allowed && !names(answer, judgement.words))
    return broken('table there', `${at} lacks the rule for ${judgement.words}`, fix);
  return ok('table there', `${at} judges it the same`);
}

function processHop({ to, port, found }: Way): PathHop {
  const answer = found.listening;
  if (answer.kind !== 'listening') return unknown('process', to.machine, answer);
  if (answer.ports.includes(port)) return ok('process', `${to.id} listens on ${port}`);
  const others = answer.ports.length === 0 ? 'nowhere' : `only on ${answer.ports.join(', ')}`;
  return broken(
    'process',
    `nothing in ${to.id} listens on ${port} for others: it listens ${others}`,
    `look at what it says: ballast logs -a ${to.app} ${to.service}; a process that listens on 127.0.0.1 is heard by nobody else`,
  );
}

function healthHop({ to, report }: Way): PathHop {
  if (to.phase !== 'serving') {
    const fix = `see how its rollout goes: ballast status -a ${to.app}`;
    return broken('health', `${to.id} takes no new connections: it is ${to.phase}`, fix);
  }
  if (report === undefined) return { hop: 'health', state: 'unknown', what: `${to.machine} is away` };
  if (report.state === 'running') return ok('health', `${to.id} is well`);
  const detail = report.detail === undefined ? '' : `: ${report.detail}`;
  return broken(
    'health',
    `${to.id} is ${report.state}${detail}`,
    `look at what it says: ballast logs -a ${to.app} ${to.service}`,
  );
}

/** Real connections, last: what all before could not see shows here. */
function connectionHops({ from, to, port, service, found }: Way): readonly PathHop[] {
  const fix = `something else stands in the way: nft list ruleset on ${from.machine} and ${to.machine}, and ballast drift`;
  const one = (answer: PathAnswer, address: string, name: string): PathHop => {
    if (answer.kind !== 'connect') return unknown('connection', from.machine, answer);
    const what = `a connection from ${from.id} to ${name} (${address}:${port})`;
    if (answer.outcome === 'open') return ok('connection', `${what} opens in ${answer.ms} ms`);
    const words = { refused: 'is refused', silent: 'gets no answer', unreachable: 'finds no way' } as const;
    return broken('connection', `${what} ${words[answer.outcome]}`, fix);
  };
  return [
    one(found.direct, to.address, to.id),
    ...(found.virtual === undefined || service.vip === undefined
      ? []
      : [one(found.virtual, service.vip, service.key)]),
  ];
}
