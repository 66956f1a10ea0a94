import type { ReplicaView } from '#wire/views.ts';
import { showAge } from './render/age.ts';
import type { Paint } from './render/paint.ts';

/** What a replica is doing, in a word: the STATUS column. */
export function statusOf(replica: ReplicaView): string {
  if (replica.away) return 'unknown';
  if (replica.phase === 'draining') return 'draining';
  const state = replica.report?.state;
  if (state === undefined) return 'pending';
  return state === 'unhealthy' ? 'running' : state;
}

/** Whether it answers: the HEALTH column. */
export function healthOf(replica: ReplicaView): 'healthy' | 'unhealthy' | 'starting' | '' {
  switch (replica.report?.state) {
    case 'running':
      return 'healthy';
    case 'unhealthy':
      return 'unhealthy';
    case 'starting':
      return 'starting';
    default:
      return '';
  }
}

export function paintStatus(paint: Paint, replica: ReplicaView): (text: string) => string {
  switch (replica.report?.state) {
    case 'running':
    case 'completed':
      return replica.phase === 'draining' ? paint.dim : paint.green;
    case 'failed':
    case 'unhealthy':
    case 'restarting':
      return paint.red;
    default:
      return replica.phase === 'draining' ? paint.dim : paint.yellow;
  }
}

/** Why a replica is not healthy, in plain words: `exited with code 3, restarted 4 times: cannot bind`. */
export function troubleOf(replica: ReplicaView): string {
  const { report } = replica;
  if (replica.away) return 'cannot be asked how it is: its machine is offline';
  if (!report) return 'its machine has not reported it yet';
  if (isHeldUp(replica)) return `is held up: ${report.detail}`;
  const parts: string[] = [];
  if (report.oomKilled) parts.push('was killed for using too much memory');
  else if (report.exitCode !== undefined && report.exitCode !== 0)
    parts.push(`exited with code ${report.exitCode}`);
  else if (report.oomAt !== undefined) parts.push('a process in it was killed for using too much memory');
  if (report.state === 'failed') parts.push('is not started again');
  if (report.state === 'unhealthy') parts.push('does not answer its health check');
  if (report.restarts > 0)
    parts.push(report.restarts === 1 ? 'restarted once' : `restarted ${report.restarts} times`);
  const said = parts.length > 0 ? parts.join(', ') : `is ${report.state}`;
  return report.detail ? `${said}: ${report.detail}` : said;
}

/** Whether something is wrong with it that will not mend by waiting a moment. */
export function isInTrouble(replica: ReplicaView): boolean {
  const state = replica.report?.state;
  return state === 'failed' || state === 'unhealthy' || state === 'restarting' || isHeldUp(replica);
}

/** Whether there is something to say about it, be it in trouble or not. */
export const isRemarkable = (replica: ReplicaView): boolean =>
  isInTrouble(replica) || replica.report?.oomAt !== undefined;

/** Whether it could not be made yet because something that it needs failed on its machine: it has begun at no time. */
function isHeldUp({ report }: ReplicaView): boolean {
  return report?.state === 'starting' && report.since === 0 && report.detail !== undefined;
}

/** How long a replica has been in its state; nothing for one that has begun at no time. */
export const ageOf = (report: ReplicaView['report'], now: number): string =>
  report && report.since > 0 ? showAge(now - report.since) : '';
