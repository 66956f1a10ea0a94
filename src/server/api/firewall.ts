import { BallastError } from '#base/errors.ts';
import type { Fixtures } from '#compile/fixtures.ts';
import { groupsOf, hostRules, isShutIn } from '#compile/security/rules.ts';
import { refusedComment } from '#compile/security/table.ts';
import { placedReplicas, servedServices } from '#compile/view.ts';
import type { Heard, PortName } from '#plan/listeners.ts';
import type { Control } from '#server/control/context.ts';
import { knownMachine } from '#server/control/leaving.ts';
import type { Hub } from '#server/hub.ts';
import type { FirewallState, FirewallView, ProbeResult } from '#wire/firewall-views.ts';
import type { Input, Output } from '#wire/operations.ts';

const answerMs = 20_000;

interface Means {
  readonly control: Control;
  readonly hub: Hub;
}

/** What reaches a machine itself, by whose wish, and how often it did, as far as the machine says. */
export async function showFirewall(
  { control, hub }: Means,
  { machine: name }: Input<'showFirewall'>,
  fixtures: Fixtures,
): Promise<FirewallView> {
  const { policy, plan } = control.state;
  const { address } = knownMachine(control, name);
  const connected = hub.connection(name) !== undefined;
  const state = connected ? await stateOf(hub, name) : undefined;
  const counters = new Map(state?.counters.map((counter) => [counter.comment, counter]));
  const served = servedServices(placedReplicas(policy, plan));
  const refused: readonly string[] = Object.values(refusedComment);
  return {
    ...{ machine: name, address, connected },
    rules: hostRules(policy, name, fixtures).map(({ comment, words, ...rule }) => {
      const { packets, bytes } = counters.get(comment) ?? {};
      const met =
        state === undefined ? { packets: null, bytes: null } : { packets: packets ?? 0, bytes: bytes ?? 0 };
      return { ...rule, who: words, ...met };
    }),
    shutIn: isShutIn(groupsOf(policy, name)),
    refused: state?.counters.filter(({ comment }) => refused.includes(comment)) ?? [],
    listening: state?.listening ?? null,
    published: served.flatMap(({ service, replicas }) =>
      service.ports.flatMap(({ protocol, mode, published }) => {
        const answers = mode === 'host' ? replicas.some((one) => one.machine === name) : replicas.length > 0;
        return protocol === 'tcp' && published !== undefined && answers ? [published] : [];
      }),
    ),
  };
}

async function stateOf(hub: Hub, machine: string): Promise<FirewallState> {
  return await answerOf(hub, machine, { kind: 'firewall' }, (message) =>
    message.kind === 'firewall' ? message.state : undefined,
  );
}

/** Has a machine try to reach ports of machines of the fleet. */
export async function probeMachines(
  { control, hub }: Means,
  { machine, targets }: Input<'probeMachines'>,
): Promise<Output<'probeMachines'>> {
  knownMachine(control, machine);
  const wanted = targets.map(({ machine: name, port }) => ({
    address: knownMachine(control, name).address,
    port,
  }));
  const results = await answerOf(hub, machine, { kind: 'probe', targets: wanted }, (message) =>
    message.kind === 'probed' ? message.results : undefined,
  );
  return { results: results satisfies readonly ProbeResult[] };
}

type Request = Parameters<Hub['open']>[1];
type Message = ReturnType<Hub['open']>['messages'] extends AsyncIterable<infer M> ? M : never;

const listenersMs = 5_000;

/** Who listens on these ports, machine by machine; of machines that do not say, nothing. */
export async function askListeners(hub: Hub, ports: readonly PortName[]): Promise<readonly Heard[]> {
  if (ports.length === 0) return [];
  const asked = await Promise.allSettled(
    hub.connected.map(async (machine) => ({
      machine,
      found: await answerOf(
        hub,
        machine,
        { kind: 'listeners', ports },
        (message) => (message.kind === 'listeners' ? message.found : undefined),
        listenersMs,
      ),
    })),
  );
  return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

/** The one answer to a question. Throws when the machine gives none. */
async function answerOf<T>(
  hub: Hub,
  machine: string,
  request: Request,
  read: (message: Message) => T | undefined,
  withinMs = answerMs,
): Promise<T> {
  const stream = hub.open(machine, request);
  const late = setTimeout(() => stream.cancel(), withinMs);
  let why = 'it did not answer in time';
  try {
    for await (const message of stream.messages) {
      const answer = read(message);
      if (answer !== undefined) return answer;
      if (message.kind === 'end') why = message.error ?? `it ended with code ${message.code}`;
    }
  } finally {
    clearTimeout(late);
    stream.cancel();
  }
  throw new BallastError('unreachable', `${machine} says nothing of its firewall`, {
    why,
    fix: `its agent may be an older one: \`ballast machine ls -o wide\``,
  });
}
