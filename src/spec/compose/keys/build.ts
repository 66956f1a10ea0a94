import {
  either,
  flag,
  honoured,
  hosts,
  integer,
  later,
  map,
  matching,
  object,
  pairs,
  refused,
  size,
  text,
  texts,
} from '#spec/table/shape.ts';

const cache = 'layers are cached where the build runs, and the cache is not shared yet';

export const build = honoured(
  object(
    {
      context: honoured(text, 'directory with the files of the build, seen from the Compose file', {
        example: './web',
        byDefault: '.',
      }),
      dockerfile: honoured(text, 'the Containerfile, seen from the context', {
        example: 'Containerfile.release',
        byDefault: 'Containerfile, else Dockerfile',
      }),
      dockerfile_inline: honoured(text, 'the Containerfile itself', { example: '"FROM debian:13"' }),
      args: honoured(pairs, 'values for ARG; a name alone takes its value from where deploy runs', {
        example: '{ VERSION: "1.2" }',
      }),
      target: honoured(text, 'the stage to build', { example: 'release' }),
      labels: honoured(pairs, 'labels of the image', { example: '{ team: shop }' }),
      no_cache: honoured(flag, 'build every layer anew', { example: 'true' }),
      pull: honoured(flag, 'look base images up anew', { example: 'true' }),
      network: honoured(
        matching(/^(default|none|host)$/, 'one of default, none, host'),
        'network of RUN steps',
        { example: 'host', byDefault: 'default' },
      ),
      additional_contexts: honoured(pairs, 'more directories, or images as docker-image://NAME, by name', {
        example: '{ assets: ../assets }',
      }),
      extra_hosts: honoured(hosts, 'names known to RUN steps', { example: '["mirror=192.0.2.10"]' }),
      shm_size: honoured(size, 'size of /dev/shm in RUN steps', { example: '256m' }),
      ulimits: honoured(
        map(
          either(
            integer(-1),
            object({
              soft: honoured(integer(-1), 'the limit a process begins with', { required: true }),
              hard: honoured(integer(-1), 'how far it may be raised', { required: true }),
            }),
          ),
          { names: /^[a-z]+$/ },
        ),
        'limits of RUN steps',
        { example: '{ nofile: 4096 }' },
      ),
      platforms: honoured(texts, 'the platform to build for; one only', { example: '[linux/amd64]' }),
      tags: honoured(texts, 'more names of the image where it is built', {
        example: '["shop/web:1.2"]',
      }),
      secrets: later('keep secrets out of images: give them to the service that runs, by secrets'),
      ssh: later('copy the sources into the context before the build'),
      cache_from: refused(cache, 'remove it'),
      cache_to: refused(cache, 'remove it'),
      no_cache_filter: refused('the builder caches all stages or none', 'use no_cache'),
      privileged: refused(
        'a build runs without privileges on the machine',
        'do privileged work when the service starts',
      ),
      entitlements: refused(
        'a build runs without privileges on the machine',
        'do privileged work when the service starts',
      ),
      isolation: refused('it is for Windows', 'remove it'),
      provenance: later('remove it: the release records the digest of what was built'),
      sbom: later('remove it, and make the list of packages in the build itself'),
    },
    { short: 'context' },
  ),
  'builds the image, pushes it to the registry of the fleet and pins it by digest',
  { example: './web' },
);
