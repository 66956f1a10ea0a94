import type { Store } from '#store/port.ts';
import { openapiDocument } from '#wire/openapi.ts';
import type { Picture } from './api/app-views.ts';
import { keys } from './keys.ts';
import type { Leadership } from './leader.ts';
import type { Metrics } from './metrics.ts';

export interface DocumentParts {
  readonly version: string;
  readonly leadership: Leadership;
  readonly metrics: Metrics;
  readonly picture: () => Picture;
  readonly store: Store;
}

type Document = (query: URLSearchParams) => Promise<Response> | Response;

/** What the server offers to people and their tools beside the operations. */
export function documents(parts: DocumentParts): Readonly<Record<string, Document>> {
  let openapi: string | undefined;
  return {
    '/openapi.json': () => {
      openapi ??= JSON.stringify(openapiDocument(parts.version));
      return new Response(openapi, { headers: { 'content-type': 'application/json' } });
    },
    '/metrics': () =>
      new Response(
        parts.metrics.text(parts.picture(), { version: parts.version, epoch: parts.leadership.epoch() }),
        { headers: { 'content-type': 'text/plain; version=0.0.4' } },
      ),
    '/readyz': (query) => ready(parts, query.has('verbose')),
  };
}

async function ready({ store, leadership, picture }: DocumentParts, verbose: boolean): Promise<Response> {
  const checks: readonly (readonly [name: string, ok: boolean, note: string])[] = [
    await store.get(keys.plan).then(
      () => ['store', true, 'answers'] as const,
      () => ['store', false, 'does not answer'] as const,
    ),
    ['leader', leadership.holds(), `epoch ${leadership.epoch()}`],
    ['plan', true, `number ${picture().plan.number}`],
  ];
  const ok = checks.every(([, good]) => good);
  const lines = checks.map(([name, good, note]) => `[${good ? '+' : '-'}] ${name}: ${note}\n`);
  const last = ok ? 'ready\n' : 'not ready\n';
  return new Response(verbose || !ok ? `${lines.join('')}${last}` : last, { status: ok ? 200 : 503 });
}
