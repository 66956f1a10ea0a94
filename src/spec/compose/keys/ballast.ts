import { duration, honoured, integer, later, matching, object } from '#spec/table/shape.ts';
import { ingressShape } from './ingress.ts';
import { onLoss } from './storage.ts';
import { inbound, outbound } from './traffic.ts';

/** `x-ballast` of a service: the one extension key, for what Compose has no word for. */
export const ballast = honoured(
  object({
    health: honoured(
      object({
        path: honoured(
          matching(/^\/\S*$/, 'a path beginning with /'),
          'asked with GET; 200 to 399 is healthy',
          {
            example: '/healthz',
            byDefault: '/',
          },
        ),
        port: honoured(integer(1, 65_535), 'port inside the container', { required: true, example: '8080' }),
        interval: honoured({ kind: 'duration', minMs: 100 }, 'time between two requests', {
          example: '5s',
          byDefault: '5s',
        }),
        timeout: honoured({ kind: 'duration', minMs: 10 }, 'an answer that takes longer has failed', {
          example: '2s',
          byDefault: '2s',
        }),
        retries: honoured(integer(1), 'failures in a row that make a replica unhealthy', {
          example: '3',
          byDefault: '3',
        }),
        start_period: honoured(duration, 'failures this soon after the start do not count', {
          example: '30s',
          byDefault: '30s',
        }),
      }),
      'an HTTP path the agent asks from outside: nothing is needed in the image',
      { example: '{ path: /healthz, port: 8080 }' },
    ),
    on_loss: onLoss,
    ingress: honoured(ingressShape, 'host names under which the world reaches it, by HTTP and HTTPS', {
      example: '{ host: guestbook.example.com, port: 8080 }',
    }),
    inbound,
    outbound,
    release: later(
      'use a service with restart: "no" that others wait for by depends_on: service_completed_successfully',
    ),
  }),
  'what Compose has no word for',
  { example: '{ health: { path: /healthz, port: 8080 } }' },
);
