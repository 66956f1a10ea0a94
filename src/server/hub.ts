import type { WebSocket } from 'ws';
import { BallastError } from '#base/errors.ts';
import { same } from '#base/json.ts';
import type { Inventory, MachineReport } from '#plan/model.ts';
import type { AgentReport, FromAgent, ToAgent } from '#wire/agent-messages.ts';
import type { Peer } from '#wire/peer.ts';
import type { RemarkedCondition } from '#wire/views.ts';
import { AgentConnection, type Liveness, usualLiveness } from './agent-connection.ts';
import type { AgentStream, StreamRequest } from './agent-stream.ts';
import type { Changes } from './changes.ts';
import type { Log } from './log.ts';
import type { NewEvent } from './state.ts';
import { createTwins, type Twins } from './twins.ts';

export interface HubOptions {
  readonly changes: Changes;
  readonly now: () => number;
  readonly log: Log;
  /** Told what happened on and to machines. */
  readonly tell: (event: NewEvent) => void;
  readonly onConnect?: (machine: string) => void;
  /** What the clock of a machine shows. */
  readonly onClock?: (machine: string, clock: number) => void;
  /** Where a machine is known to be: by that it is told from a copy. */
  readonly addressOf?: (machine: string) => string | undefined;
  readonly liveness?: Liveness;
  /** Time a connected machine has to show that it lives when another comes with its identity. */
  readonly answerMs?: number;
}

const usualAnswerMs = 2_000;

/** All agents that are connected, and the newest word of each machine. Nothing of it is stored. */
export class Hub {
  readonly #options: HubOptions;
  readonly #connections = new Map<string, AgentConnection>();
  readonly #peers = new Map<string, Peer>();
  readonly #twins: Twins;
  /** When each machine connected, last of all times that it was not. */
  readonly #heardSince = new Map<string, number>();
  readonly #reports = new Map<string, MachineReport>();
  readonly #since: number;
  #inventory: Inventory | undefined;

  constructor(options: HubOptions) {
    this.#options = options;
    const { now, tell, addressOf = () => undefined } = options;
    this.#twins = createTwins({ now, tell, addressOf });
    this.#since = options.now();
  }

  /** Everything machines said last. A new object only when something changed. */
  get inventory(): Inventory {
    this.#inventory ??= {
      machines: Object.fromEntries([...this.#reports].sort(([a], [b]) => (a < b ? -1 : 1))),
      listeningSince: this.#since,
    };
    return this.#inventory;
  }

  connection(machine: string): AgentConnection | undefined {
    return this.#connections.get(machine);
  }

  get connected(): readonly string[] {
    return [...this.#connections.keys()].sort();
  }

  /**
   * Refuses a connection with the identity of a machine that is connected from another running system, and lives: one
   * of them is a copy of the other's disk. Throws `conflict`. What is connected stays so, unless it is the copy.
   */
  async admit(machine: string, peer: Peer): Promise<void> {
    const older = this.#connections.get(machine);
    const known = this.#peers.get(machine);
    if (older === undefined || known === undefined) return;
    const { answerMs = usualAnswerMs } = this.#options;
    await this.#twins.choose({ machine, peer, known, lives: () => older.answers(answerMs) });
  }

  /** What shows of a machine by who comes as it. */
  conditionOf(machine: string): RemarkedCondition | undefined {
    return this.#twins.conditionOf(machine);
  }

  /** Takes over a machine's socket. Of two the newer counts: the older is most likely a dead one. */
  attach(machine: string, socket: WebSocket, peer: Peer = {}): void {
    const { log, tell, liveness = usualLiveness } = this.#options;
    const older = this.#connections.get(machine);
    const connection: AgentConnection = new AgentConnection(
      machine,
      socket,
      {
        onMessage: (message) => this.#take(machine, connection, message),
        onUnreadable: (why) => log.warn('an agent said something that is not understood', { machine, why }),
        onClose: (why) => this.#lost(machine, connection, why),
      },
      liveness,
    );
    this.#connections.set(machine, connection);
    this.#peers.set(machine, peer);
    if (older !== undefined) {
      older.close('a newer connection of the same machine took over');
      tell({
        kind: 'machine-reconnected',
        machine,
        what: `${machine} connected again while it was connected`,
      });
    } else {
      this.#heardSince.set(machine, this.#options.now());
      tell({ kind: 'machine-online', machine, what: `${machine} is connected` });
    }
    const known = this.#reports.get(machine);
    if (known !== undefined) {
      this.#put({ ...known, connected: true, seenAt: this.#options.now(), ...this.#heard(machine) });
    }
    this.#options.onConnect?.(machine);
    this.#changed();
  }

  send(machine: string, message: ToAgent): void {
    void this.#connections.get(machine)?.send(message);
  }

  /** Asks a machine for something. Throws `unreachable` when it is not connected. */
  open(machine: string, request: StreamRequest): AgentStream {
    const connection = this.#connections.get(machine);
    if (connection === undefined) {
      throw new BallastError('unreachable', `${machine} is not connected`, {
        fix: `look at it: \`ballast machine ls\`, then \`systemctl status ballast-agent\` on ${machine}`,
      });
    }
    return connection.open(request);
  }

  /** The machine is no longer part of the fleet. */
  forget(machine: string): void {
    this.#connections.get(machine)?.close('this machine was removed from the fleet');
    this.#connections.delete(machine);
    this.#reports.delete(machine);
    this.#peers.delete(machine);
    this.#twins.forget(machine);
    this.#heardSince.delete(machine);
    this.#changed();
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.terminate();
    this.#connections.clear();
  }

  #take(
    machine: string,
    connection: AgentConnection,
    message: Exclude<FromAgent, { readonly stream: number }>,
  ): void {
    if (this.#connections.get(machine) !== connection) return; // an older connection's last words
    if (message.kind === 'event') this.#options.tell({ ...message.event, machine });
    else {
      const { clock } = message.report;
      if (clock !== undefined) this.#options.onClock?.(machine, clock);
      this.#report(machine, message.report);
    }
  }

  #report(
    machine: string,
    { generation, converged, tried, facts, replicas, failures, conditions, drift }: AgentReport,
  ): void {
    const before = this.#reports.get(machine);
    const after: MachineReport = {
      machine,
      connected: true,
      seenAt: this.#options.now(),
      ...this.#heard(machine),
      converged,
      generation,
      ...(tried === undefined ? {} : { tried }),
      facts,
      replicas,
      failures,
      ...(conditions === undefined ? {} : { conditions }),
      ...(drift === undefined ? {} : { drift }),
    };
    this.#put(after);
    if (before === undefined || !same(lasting(before), lasting(after))) this.#changed();
  }

  #lost(machine: string, connection: AgentConnection, why: string): void {
    if (this.#connections.get(machine) !== connection) return;
    this.#connections.delete(machine);
    const known = this.#reports.get(machine);
    if (known !== undefined) this.#put({ ...known, connected: false });
    this.#options.tell({
      kind: 'machine-offline',
      machine,
      what: `${machine} is not connected any more: ${why}`,
    });
    this.#changed();
  }

  #heard(machine: string): Pick<MachineReport, 'heardSince'> {
    const heardSince = this.#heardSince.get(machine);
    return heardSince === undefined ? {} : { heardSince };
  }

  #put(report: MachineReport): void {
    this.#reports.set(report.machine, report);
    this.#inventory = undefined;
  }

  #changed(): void {
    this.#inventory = undefined;
    this.#options.changes.mark();
  }
}

/** What of a report is worth waking anybody for. */
function lasting(report: MachineReport): unknown {
  return { ...report, seenAt: 0, facts: { ...report.facts, diskFreeBytes: 0 } };
}
