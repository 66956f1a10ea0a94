import { BallastError } from '#base/errors.ts';
import { present } from '#base/present.ts';
import { type Callee, type Caller, mayReach } from '#compile/traffic/may-reach.ts';
import type { NetService } from '#compile/traffic/services.ts';
import { setsOf } from '#compile/traffic/sets.ts';
import type { Traffic } from '#compile/traffic/traffic.ts';
import type { Replica } from '#plan/model.ts';
import type { Control } from '#server/control/context.ts';
import type { Hub } from '#server/hub.ts';
import type { Input } from '#wire/operations.ts';
import type { PathAnswer } from '#wire/path-messages.ts';
import type { TrafficTest, TrafficTry } from '#wire/traffic-views.ts';
import { type Asked, askAll } from './ask.ts';
import { type End, endOf, serviceOf, servicesOf, trafficNow } from './ends.ts';
import { fromOutside } from './from-outside.ts';
import { portsToTry } from './ports.ts';
import { expectation, type Listening, type Scene } from './scene.ts';

interface Means {
  readonly control: Control;
  readonly hub: Hub;
}

const triesMax = 4_000;

/**
 * Says of connections between services whether they are let through and by which line, and has each tried for real:
 * from within a replica on every machine that has one, to the virtual address and to each replica itself.
 */
export async function testTraffic(
  { control, hub }: Means,
  input: Input<'testTraffic'>,
): Promise<TrafficTest> {
  const traffic = trafficNow(control);
  const { from, to, port } = endsOf(traffic, input);
  const listening = await listeningOf(hub, to);
  const scene: Scene = { traffic, sets: setsOf(traffic), listening, port };
  // In a matrix of all no service is asked about itself.
  const isSelf = (end: End, service: NetService): boolean =>
    input.from === undefined && input.to === undefined && end.kind === 'service' && end.service === service;
  const planned = from.flatMap((end) =>
    to.flatMap((service) => (isSelf(end, service) ? [] : triesOf(scene, end, service, input.here))),
  );
  if (planned.length > triesMax) {
    throw new BallastError('usage', `these are ${planned.length} connections, more than ${triesMax}`, {
      fix: 'name one service with --from, or with --to and its port',
    });
  }
  const asked = planned.flatMap(({ ask }) => ask ?? []);
  const answers = new Map((await askAll(hub, asked)).map((answer, index) => [asked[index], answer]));
  return { tries: planned.map(({ made, ask }) => (ask ? { ...made, ...seen(answers.get(ask)) } : made)) };
}

function endsOf(traffic: Traffic, { app, from, to }: Input<'testTraffic'>) {
  if (app !== undefined && servicesOf(traffic, app).length === 0) {
    throw new BallastError('not-found', `no service of ${app} has an address of its own`, {
      fix: 'see what runs: ballast ls',
    });
  }
  const every = (): readonly NetService[] =>
    app === undefined ? [...traffic.services.values()] : servicesOf(traffic, app);
  const [, name = '', port] = /^(.*?)(?::(\d{1,5}))?$/.exec(to ?? '') ?? [];
  return {
    from:
      from === undefined
        ? every().map((service): End => ({ kind: 'service', service }))
        : [endOf(traffic, from, app)],
    to: to === undefined ? every() : [serviceOf(traffic, name, app)],
    port: port === undefined ? undefined : Number(port),
  };
}

async function listeningOf(hub: Hub, services: readonly NetService[]): Promise<Listening> {
  const replicas = services.flatMap(({ serving }) => serving);
  const answers = await askAll(
    hub,
    replicas.map(({ id, machine, address }) => ({
      machine,
      question: { kind: 'listening', replica: id, address },
    })),
  );
  return new Map(
    answers.flatMap((answer, index): [string, readonly number[]][] => {
      const { id = '' } = replicas[index] ?? {};
      return answer.kind === 'listening' ? [[id, answer.ports]] : [];
    }),
  );
}

/** A connection that is to be tried, by whom, and what has to come of it. */
export interface Planned {
  readonly made: TrafficTry;
  readonly ask?: Asked;
}

function triesOf(scene: Scene, from: End, to: NetService, here: string | undefined): readonly Planned[] {
  if (from.kind === 'internet') return fromOutside(scene, to, here).map((made) => ({ made }));
  const places = placesOf(from);
  const targets = targetsOf(to);
  const ports = scene.port === undefined ? portsOf(scene, to) : [scene.port];
  if (places.length === 0) return [idle(from, to, 'no replica of it takes connections now')];
  if (targets.length === 0) return [idle(from, to, `no replica of ${to.key} takes connections now`)];
  if (ports.length === 0) return [idle(from, to, 'it names no port, and nothing listens')];
  return places.flatMap((place) =>
    targets.flatMap((target) => ports.map((port) => plannedTry(scene, place, { to, target, port }))),
  );
}

/** One replica on each machine that has any. */
interface Place {
  readonly name: string;
  readonly caller: Caller;
  readonly machine: string;
  readonly replica?: Replica;
}

function placesOf(from: Exclude<End, { kind: 'internet' }>): readonly Place[] {
  if (from.kind === 'machine') {
    const { name } = from.machine;
    return [{ name: `machine ${name}`, caller: from, machine: name }];
  }
  const { service } = from;
  return [...Map.groupBy(service.serving, ({ machine }) => machine)].flatMap(([machine, [replica]]) =>
    replica === undefined
      ? []
      : [
          {
            ...{ name: service.key, machine, replica },
            caller: { kind: 'service', service, address: replica.address } as const,
          },
        ],
  );
}

interface Target {
  readonly at: string;
  readonly address: string;
  /** Replicas that may answer there. */
  readonly replicas: readonly Replica[];
}

const targetsOf = ({ vip, virtual, serving }: NetService): readonly Target[] => [
  ...(serving.length === 0 ? [] : virtual).map((address) => ({
    ...{ at: address === vip ? 'virtual address' : 'given address', address, replicas: serving },
  })),
  ...serving.map((replica) => ({ at: replica.id, address: replica.address, replicas: [replica] })),
];

const portsOf = ({ listening }: Scene, { model, serving }: NetService): readonly number[] =>
  portsToTry(
    model,
    serving.flatMap(({ id }) => listening.get(id) ?? []),
  );

function plannedTry(
  { traffic, sets, listening }: Scene,
  { name, caller, machine, replica }: Place,
  { to, target, port }: { readonly to: NetService; readonly target: Target; readonly port: number },
): Planned {
  const { at, address, replicas } = target;
  const [only] = replicas;
  const callee: Callee = {
    ...{ service: to, address, protocol: 'tcp', port },
    ...(to.virtual.includes(address) || only === undefined ? {} : { machine: only.machine }),
  };
  const { allowed, words, origin } = mayReach(traffic, sets, caller, callee);
  const listens = replicas.some(({ id }) => listening.get(id)?.includes(port) ?? true);
  const made: TrafficTry = present({
    ...{ from: name, replica: replica?.id, machine, to: to.key, at, address, port },
    expected: expectation(allowed, listens),
    ...{ why: words, origin, seen: 'not tried' },
  });
  const question = present({ kind: 'connect', replica: replica?.id, address, port } as const);
  return { made, ask: { machine, question } };
}

/** A pair of which nothing can be tried. */
function idle(from: Exclude<End, { kind: 'internet' }>, to: NetService, trouble: string): Planned {
  const name = from.kind === 'machine' ? `machine ${from.machine.name}` : from.service.key;
  return {
    made: {
      ...{ from: name, to: to.key, at: '', address: '', port: 0, expected: 'unproven', why: '', origin: '' },
      ...{ seen: 'not tried', trouble },
    },
  };
}

function seen(answer: PathAnswer | undefined): Pick<TrafficTry, 'seen' | 'ms' | 'trouble'> {
  if (answer?.kind === 'connect') return { seen: answer.outcome, ms: answer.ms };
  return { seen: 'not tried', trouble: answer?.kind === 'failed' ? answer.why : 'nothing was said of it' };
}
