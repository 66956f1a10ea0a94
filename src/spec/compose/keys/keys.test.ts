import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadApp } from '#spec/compose/load.ts';
import { composeReference, composeSchema } from '#spec/compose/reference.ts';
import { fleetKeys } from '#spec/fleet/keys.ts';
import type { Key, Keys, Shape } from '#spec/table/shape.ts';
import { alternative } from '#spec/table/shape.ts';
import { appKeys, serviceKeys } from './app.ts';

// The keys of the Compose Specification's own schema, by place. Each has to be in our tables.
const specification: Readonly<Record<string, string>> = {
  '': 'version name include services models networks volumes secrets configs',
  services: `develop deploy annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs
    container_name cpu_count cpu_percent cpu_shares cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus cpuset
    credential_spec depends_on device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file label_file
    environment expose extends provider external_links extra_hosts gpus group_add healthcheck hostname image init ipc
    isolation labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit network_mode models
    networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_start pre_stop privileged profiles
    pull_policy pull_refresh_after read_only restart runtime scale security_opt shm_size secrets sysctls stdin_open
    stop_grace_period stop_signal storage_opt tmpfs tty ulimits use_api_socket user uts userns_mode volumes volumes_from
    working_dir`,
  'services.build': `context dockerfile dockerfile_inline entitlements args ssh labels cache_from cache_to no_cache
    no_cache_filter additional_contexts network provenance sbom pull target shm_size extra_hosts isolation privileged
    secrets tags ulimits platforms`,
  'services.blkio_config': `device_read_bps device_read_iops device_write_bps device_write_iops weight weight_device`,
  'services.deploy': `mode endpoint_mode replicas labels rollback_config update_config resources restart_policy placement`,
  'services.deploy.update_config': 'parallelism delay failure_action monitor max_failure_ratio order',
  'services.deploy.rollback_config': 'parallelism delay failure_action monitor max_failure_ratio order',
  'services.deploy.resources': 'limits reservations',
  'services.deploy.resources.limits': 'cpus memory pids',
  'services.deploy.resources.reservations': 'cpus memory generic_resources devices',
  'services.deploy.restart_policy': 'condition delay max_attempts window',
  'services.deploy.placement': 'constraints preferences max_replicas_per_node',
  'services.healthcheck': 'disable interval retries test timeout start_period start_interval',
  'services.logging': 'driver options',
  'services.depends_on': 'restart required condition',
  'services.devices': 'source target permissions',
  'services.env_file': 'path format required',
  'services.extends': 'service file',
  'services.networks': `aliases interface_name ipv4_address ipv6_address link_local_ips mac_address driver_opts priority
    gw_priority`,
  'services.ports': 'name mode host_ip target published protocol app_protocol',
  'services.volumes': 'type source target read_only consistency bind volume tmpfs image',
  'services.volumes.bind': 'propagation create_host_path recursive selinux',
  'services.volumes.volume': 'labels nocopy subpath',
  'services.volumes.tmpfs': 'size mode',
  'services.secrets': 'source target uid gid mode',
  'services.configs': 'source target uid gid mode',
  'services.ulimits': 'hard soft',
  include: 'path env_file project_directory',
  networks: 'name driver driver_opts ipam external internal enable_ipv4 enable_ipv6 attachable labels',
  volumes: 'name driver driver_opts external labels',
  secrets: 'name environment file external labels driver driver_opts template_driver',
  configs: 'name content environment file external labels template_driver',
};

/** The keys of the first object at or below a shape. */
function keysOf(shape: Shape): Keys {
  const fitting = alternative(shape, 'mapping') ?? shape;
  if (fitting.kind === 'object') return fitting.keys;
  if (fitting.kind === 'map' || fitting.kind === 'list') return keysOf(fitting.of);
  return {};
}

function keysAt(place: string): Keys {
  return place
    .split('.')
    .filter((part) => part !== '')
    .reduce<Keys>((keys, part) => {
      const key = keys[part];
      return key?.status === 'honoured' ? keysOf(key.shape) : {};
    }, appKeys);
}

/** Every key of a table and of the tables below it, with its place. */
function walk(keys: Keys, place: string): readonly (readonly [string, Key])[] {
  return Object.entries(keys).flatMap(([name, key]): readonly (readonly [string, Key])[] => [
    [`${place}${name}`, key],
    ...(key.status === 'honoured' ? walk(keysOf(key.shape), `${place}${name}.`) : []),
  ]);
}

const everyKey = [...walk(appKeys, ''), ...walk(fleetKeys, 'fleet: ')];

describe('the table of keys', () => {
  test.each(Object.entries(specification))(
    'has every key that the specification has at "%s", and no other',
    (place, list) => {
      const wanted = list.split(/\s+/).sort();
      const known = Object.keys(keysAt(place)).filter((name) => name !== 'x-ballast');
      expect(known.sort()).toEqual(wanted);
    },
  );

  test('has every key of a service: 93 of the specification and x-ballast', () => {
    expect(Object.keys(serviceKeys)).toHaveLength(94);
  });

  test.each(everyKey)('says of %s what it means, or why it is refused and what to use instead', (_, key) => {
    const said = key.status === 'honoured' ? [key.means] : [key.why, key.instead];
    for (const text of said) expect(text).toMatch(/^\S.{2,158}\S$/s);
  });

  test.each(everyKey.filter(([, key]) => key.status === 'honoured'))(
    'gives for %s an example that is YAML',
    (_, key) => {
      if (key.status !== 'honoured') return;
      expect(() => parse(`key: ${key.example ?? 'null'}`) as unknown).not.toThrow();
    },
  );
});

describe('an honoured key of a service', () => {
  const honoured = Object.entries(serviceKeys).filter(([, key]) => key.status === 'honoured');

  test.each(honoured)('%s takes its own example', (name, key) => {
    if (key.status !== 'honoured') return;
    const base = name === 'image' || name === 'extends' ? '' : 'image: x, ';
    const partner =
      { domainname: 'hostname: h, ', memswap_limit: 'mem_limit: 1m, ', cpu_period: 'cpu_quota: 5, ' }[name] ??
      '';
    const text = `
services:
  web: { ${base}${partner}${name}: ${key.example ?? 'null'} }
  db: { image: db, healthcheck: { test: a } }
networks: { front: {}, back: {} }
volumes: { data: {} }
secrets: { db_password: { external: true } }
configs: { app_conf: { content: a } }
`;
    const loaded = loadApp({ files: ['/app/compose.yaml'], read: fake(text), env: {}, profiles: ['debug'] });
    expect(loaded.ok ? [] : loaded.problems).toEqual([]);
  });

  const fake = (text: string) => (path: string) => {
    if (path === '/app/compose.yaml') return text;
    return path === '/app/common.yaml'
      ? 'services: { base: { image: b } }'
      : path.endsWith('.env')
        ? 'A=1'
        : undefined;
  };
});

describe('what is made from the table', () => {
  test('the reference names every key', () => {
    const page = composeReference();
    for (const name of [...Object.keys(serviceKeys), ...Object.keys(appKeys)])
      expect(page).toContain(`| \`${name}\` |`);
  });

  test('the schema refuses what the table refuses and explains the rest', () => {
    const schema = composeSchema();
    expect(JSON.stringify(schema)).toContain('"container_name":{"description":"Refused: ');
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' });
  });
});
