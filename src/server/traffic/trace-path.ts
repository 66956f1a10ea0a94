import { BallastError } from '#base/errors.ts';
import { present } from '#base/present.ts';
import { mayReach } from '#compile/traffic/may-reach.ts';
import type { NetService } from '#compile/traffic/services.ts';
import { setsOf } from '#compile/traffic/sets.ts';
import type { Replica } from '#plan/model.ts';
import type { Control } from '#server/control/context.ts';
import type { Hub } from '#server/hub.ts';
import type { Input } from '#wire/operations.ts';
import type { PathAnswer, PathQuestion } from '#wire/path-messages.ts';
import type { PathTrace, PathWay } from '#wire/traffic-views.ts';
import { type Asked, askAll } from './ask.ts';
import { serviceOf, trafficNow } from './ends.ts';
import { type Found, hopsOf } from './hops.ts';
import { portsToTry } from './ports.ts';

interface Means {
  readonly control: Control;
  readonly hub: Hub;
}

const waysMax = 36;

/** Follows the way from each machine's replica of one service to the replicas of another, hop by hop. */
export async function tracePath(
  { control, hub }: Means,
  { from: fromWord, to: toWord, app }: Input<'tracePath'>,
): Promise<PathTrace> {
  const traffic = trafficNow(control);
  const [, name = '', asked] = /^(.*?)(?::(\d{1,5}))?$/.exec(toWord) ?? [];
  const from = serviceOf(traffic, fromWord, app);
  const to = serviceOf(traffic, name, app);
  const pairs = pairsOf(from, to);
  const port = asked === undefined ? await likelyPort(hub, to) : Number(asked);
  const questions = pairs.map((pair) => questionsOf(pair, from, to, port));
  const flat = questions.flatMap((one) => Object.values(one));
  const answers = new Map((await askAll(hub, flat)).map((answer, index) => [flat[index], answer]));
  const sets = setsOf(traffic);
  const { machines } = control.inventory();
  return {
    from: from.key,
    to: to.key,
    port,
    ways: pairs.map(({ from: begin, to: end }, index): PathWay => {
      const judgement = mayReach(
        traffic,
        sets,
        { kind: 'service', service: from, address: begin.address },
        { service: to, address: to.vip ?? end.address, protocol: 'tcp', port },
      );
      const report = machines[end.machine]?.connected ? machines[end.machine]?.replicas[end.id] : undefined;
      const found = Object.fromEntries(
        Object.entries(questions[index] ?? {}).map(([key, one]) => [key, answers.get(one) ?? silence]),
      ) as unknown as Found;
      const way = {
        from: begin,
        to: end,
        service: to,
        port,
        name: nameOf(from, to),
        judgement,
        report,
        found,
      };
      return {
        ...{ from: begin.id, machine: begin.machine, to: end.id, toMachine: end.machine },
        hops: hopsOf(way),
      };
    }),
  };
}

const silence: PathAnswer = { kind: 'failed', why: 'nothing was said of it' };

interface Pair {
  readonly from: Replica;
  readonly to: Replica;
}

/** One replica on each machine that has any, and all of the other service: those that are not well, too. */
function pairsOf(from: NetService, to: NetService): readonly Pair[] {
  const begins = [...Map.groupBy(from.members, ({ machine }) => machine).values()].flatMap((own) => {
    const best = own.find(({ phase }) => phase === 'serving') ?? own[0];
    return best === undefined ? [] : [best];
  });
  for (const [service, own] of [
    [from, begins],
    [to, to.members],
  ] as const) {
    if (own.length > 0) continue;
    throw new BallastError('not-found', `${service.key} has no replica anywhere`, {
      fix: `see why: ballast status -a ${service.app}`,
    });
  }
  return begins
    .flatMap((begin) => to.members.map((end) => ({ from: begin, to: end })))
    .filter(({ from: begin, to: end }) => begin.id !== end.id)
    .slice(0, waysMax);
}

/** As a process would call it: within the app by its name alone. */
const nameOf = (from: NetService, to: NetService): string =>
  from.app === to.app ? to.model.name : `${to.model.name}.${to.app}`;

/** The first port that the service names; else what is in use. */
async function likelyPort(hub: Hub, to: NetService): Promise<number> {
  const [named] = portsToTry(to.model, []);
  if (named !== undefined) return named;
  const answers = await askAll(
    hub,
    to.members.map(({ id, machine, address }) => ({
      machine,
      question: { kind: 'listening', replica: id, address },
    })),
  );
  const [used] = answers.flatMap((answer) => (answer.kind === 'listening' ? answer.ports : []));
  if (used !== undefined) return used;
  throw new BallastError('usage', `which port of ${to.key}?`, {
    why: 'it names none, and nothing listens in its replicas',
    fix: `write it behind the name: --to ${to.key}:PORT`,
  });
}

/** What the machines of both ends are asked; the names are those of `Found`. */
function questionsOf(
  { from, to }: Pair,
  caller: NetService,
  callee: NetService,
  port: number,
): Readonly<Record<string, Asked>> {
  const here = (question: PathQuestion): Asked => ({ machine: from.machine, question });
  const there = (question: PathQuestion): Asked => ({ machine: to.machine, question });
  const { vip } = callee;
  return present({
    name: here({ kind: 'resolve', replica: from.id, name: nameOf(caller, callee) }),
    judging: vip === undefined ? undefined : here({ kind: 'lookup', map: 'vips_inbound', address: vip }),
    leading: vip === undefined ? undefined : here({ kind: 'lookup', map: 'vips', address: vip }),
    route: here({ kind: 'route', address: to.address }),
    mesh: here({ kind: 'mesh' }),
    direct: here({ kind: 'connect', replica: from.id, address: to.address, port }),
    virtual: vip === undefined ? undefined : here({ kind: 'connect', replica: from.id, address: vip, port }),
    inbound: there({ kind: 'lookup', map: 'inbound', address: to.address }),
    listening: there({ kind: 'listening', replica: to.id, address: to.address }),
  });
}
