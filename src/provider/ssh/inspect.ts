import type { SshFacts } from './facts.ts';
import { factsScript, parseFacts } from './facts.ts';
import { type Finding, judge, neededPackages } from './findings.ts';
import type { SshSession } from './session.ts';

export interface Inspection {
  readonly facts: SshFacts;
  readonly findings: readonly Finding[];
}

export interface InspectOptions {
  /** URL of the server that the agent is to dial. */
  readonly server?: string;
  /** TCP ports that must be free: of the registry and of a fleet's name server. */
  readonly ports?: readonly number[];
  readonly now: () => number;
}

/** Looks at a machine, changing nothing. Throws only when it is not reached. */
export async function inspectOverSsh(
  session: SshSession,
  { server, ports = [53, 5000], now }: InspectOptions,
): Promise<Inspection> {
  await session.tryScript('exit 0'); // connecting takes its time, and the clock is read after it
  const nowMs = now();
  const { stdout } = await session.tryScript(factsScript(neededPackages));
  const facts = parseFacts(stdout);
  const expected = { nowMs, tookMs: now() - nowMs, ports, ...(server === undefined ? {} : { server }) };
  return { facts, findings: judge(facts, expected) };
}
