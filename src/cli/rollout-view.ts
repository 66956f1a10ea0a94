import type { ReplicaView, RolloutView, ServiceView } from '#wire/views.ts';
import type { Marks } from './render/marks.ts';
import type { Paint } from './render/paint.ts';
import { padEnd } from './render/text.ts';
import { isInTrouble, troubleOf } from './replica-words.ts';

export interface Canvas {
  readonly paint: Paint;
  readonly marks: Marks;
}

export interface Picture {
  readonly view: RolloutView;
  /** Release that is being rolled out; null: the app is being removed. */
  readonly release: number | null;
  /** `12.3 s`. */
  readonly elapsed: string;
  readonly frame: number;
  readonly events: readonly string[];
}

const dotsMax = 20;
const troubleMax = 3;

/** The live view of a rollout: a heading, a line per service with its replicas as dots, trouble, last events. */
export function rolloutPicture({ view, release, elapsed, frame, events }: Picture, canvas: Canvas): string[] {
  const { paint, marks } = canvas;
  const { app } = view;
  const spinner = paint.cyan(marks.spinner[frame % marks.spinner.length] ?? '');
  const width = Math.max(4, ...app.services.map(({ name }) => name.length));
  return [
    `${spinner} ${paint.bold(headingOf(view, release))}  ${paint.dim(elapsed)}`,
    ...app.services.map((service) => serviceLine(service, view, { width, canvas })),
    ...goneServices(view).map((name) => `  ${padEnd(name, width)}  ${paint.dim('leaving')}`),
    ...view.replicas
      .filter(isInTrouble)
      .slice(0, troubleMax)
      .map(
        (replica) =>
          `  ${paint.red(marks.warning)} ${replica.id} on ${replica.machine} ${troubleOf(replica)}`,
      ),
    ...app.waiting.slice(0, troubleMax).map((text) => `  ${paint.yellow(marks.warning)} ${text}`),
    ...events.map((text) => paint.dim(`  ${marks.bar} ${text}`)),
  ];
}

function headingOf({ app }: RolloutView, release: number | null): string {
  if (release === null) return `Removing ${app.name}`;
  if (app.state.phase === 'rolling-back') {
    if (app.state.target === null) return `Taking ${app.name} away again: no release ran before this one`;
    return `Rolling ${app.name} back to release ${app.state.target}`;
  }
  return `Rolling out ${app.name}, release ${release}`;
}

function serviceLine(
  service: ServiceView,
  { replicas }: RolloutView,
  { width, canvas }: { readonly width: number; readonly canvas: Canvas },
): string {
  const { paint } = canvas;
  const own = replicas.filter((replica) => replica.service === service.name);
  const newest = own.some(({ release }) => release === newestOf(replicas));
  const rolling = newest && service.updated < service.wanted;
  const healthy = Math.min(service.healthy, service.wanted);
  const count = `${healthy}/${service.wanted} healthy`;
  const done = healthy >= service.wanted && !rolling;
  const busy = own.filter((replica) => replica.report?.state !== 'running' || replica.phase !== 'serving');
  const where = [...new Set(busy.map((replica) => `${wordOf(replica)} on ${replica.machine}`))].slice(0, 3);
  return [
    `  ${padEnd(service.name, width)}`,
    dots(service, own, canvas),
    `${done ? paint.green(count) : count}${rolling ? `, ${service.updated} new` : ''}`,
    ...(where.length > 0 ? [paint.dim(where.join(', '))] : []),
  ].join('  ');
}

/** One dot a replica: full when healthy, half while starting, dim when it is of an older release, empty when still to come. */
function dots({ wanted }: ServiceView, own: readonly ReplicaView[], { paint, marks }: Canvas): string {
  if (wanted > dotsMax) return '';
  const newest = newestOf(own);
  const sorted = [...own].sort((a, b) => a.slot - b.slot || a.release - b.release);
  const drawn = sorted.map((replica) => {
    if (isInTrouble(replica)) return paint.red(marks.failed);
    if (replica.phase === 'draining' || replica.release < newest) return paint.dim(marks.full);
    if (replica.report?.state === 'running' || replica.report?.state === 'completed')
      return paint.green(marks.full);
    return paint.yellow(marks.half);
  });
  const missing = Math.max(0, wanted - own.filter(({ phase }) => phase !== 'draining').length);
  return [...drawn, ...Array<string>(missing).fill(paint.dim(marks.empty))].join('');
}

const newestOf = (replicas: readonly ReplicaView[]): number =>
  Math.max(0, ...replicas.map(({ release }) => release));

function wordOf(replica: ReplicaView): string {
  if (replica.phase === 'draining') return 'leaving';
  return replica.report?.state ?? 'placed';
}

function goneServices({ app, replicas }: RolloutView): string[] {
  const known = new Set(app.services.map(({ name }) => name));
  return [...new Set(replicas.map(({ service }) => service))].filter((name) => !known.has(name));
}
