import type { Shape } from '#spec/table/shape.ts';
import {
  choice,
  either,
  flag,
  honoured,
  integer,
  list,
  matching,
  object,
  textsOrOne,
} from '#spec/table/shape.ts';

const secretName = matching(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/, 'the name of a secret of this app');

const entry = object({
  host: honoured(textsOrOne, 'host name under which the world reaches it, or several', {
    required: true,
    example: 'guestbook.example.com',
  }),
  path_prefix: honoured(
    matching(/^\/[^\s?#*{}]*$/, 'a path beginning with /'),
    'only requests whose path begins with it, whole segments; the service sees the path as it was asked for',
    { example: '/api', byDefault: '/' },
  ),
  port: honoured(integer(1, 65_535), 'port inside the container', { required: true, example: '8080' }),
  tls: honoured(
    either(
      choice('auto', 'internal', 'off'),
      object({
        cert: honoured(secretName, 'secret with the certificate and its chain, PEM', {
          required: true,
          example: 'tls_cert',
        }),
        key: honoured(secretName, 'secret with its key, PEM', { required: true, example: 'tls_key' }),
      }),
    ),
    '`auto`: a certificate by ACME; `internal`: one of the fleet’s own authority; `off`: plain HTTP; or secrets of the app that hold one',
    { example: 'auto', byDefault: 'internal' },
  ),
  redirect: honoured(flag, 'whether plain HTTP is sent to HTTPS', {
    example: 'false',
    byDefault: 'true with TLS',
  }),
  redirect_from: honoured(textsOrOne, 'host names that are sent to the first of `host`', {
    example: '[www.example.com]',
    byDefault: 'none',
  }),
});

/** `x-ballast.ingress`: one way in, or several. */
export const ingressShape: Shape = either(entry, list(entry));
