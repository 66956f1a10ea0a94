import type { Keys } from '#spec/table/shape.ts';
import {
  choice,
  duration,
  honoured,
  integer,
  list,
  matching,
  number,
  object,
  pairs,
  refused,
  size,
  sizeOrUnlimited,
  text,
  texts,
} from '#spec/table/shape.ts';

const windows = refused('it is for Windows', 'use cpus');
const v1 = 'the kernel offers it with cgroups version 1 only';

const rate = object({
  path: honoured(text, 'the device on the machine', { required: true, example: '/dev/sda' }),
  rate: honoured(size, 'bytes, or operations, a second', { required: true, example: '12mb' }),
});

const rates = (what: string): Keys[string] =>
  honoured(list(rate), what, { example: '[{ path: /dev/sda, rate: 12mb }]' });

/** Old names of limits, folded into deploy.resources, and those that have no new name. */
export const resourceKeys: Keys = {
  cpus: honoured(number(0), 'old name of deploy.resources.limits.cpus', { example: '0.5' }),
  cpu_quota: honoured(integer(-1), 'with cpu_period, another way to write cpus; microseconds', {
    example: '50000',
  }),
  cpu_period: honoured(integer(1000, 1_000_000), 'see cpu_quota; microseconds', { example: '100000' }),
  cpu_shares: honoured(integer(0), 'weight when cores are short', { example: '512', byDefault: '1024' }),
  cpuset: honoured(
    matching(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'a list of cores such as 0-3,6'),
    'runs on these cores only',
    {
      example: '"0-1"',
    },
  ),
  cpu_count: windows,
  cpu_percent: windows,
  cpu_rt_period: refused(v1, 'use cpus or cpu_shares'),
  cpu_rt_runtime: refused(v1, 'use cpus or cpu_shares'),
  mem_limit: honoured(size, 'old name of deploy.resources.limits.memory', { example: '128m' }),
  mem_reservation: honoured(size, 'old name of deploy.resources.reservations.memory', { example: '64m' }),
  memswap_limit: honoured(sizeOrUnlimited, 'memory and swap together; -1 for no limit of swap', {
    example: '256m',
  }),
  mem_swappiness: refused(v1, 'set vm.swappiness on the machine, or memswap_limit'),
  pids_limit: honoured(integer(-1), 'old name of deploy.resources.limits.pids; -1 for no limit', {
    example: '200',
  }),
  scale: honoured(integer(0), 'old name of deploy.replicas', { example: '3' }),
  blkio_config: honoured(
    object({
      weight: honoured(integer(10, 1000), 'share of disk time', { example: '300' }),
      weight_device: honoured(
        list(
          object({
            path: honoured(text, 'the device on the machine', { required: true, example: '/dev/sda' }),
            weight: honoured(integer(10, 1000), 'share of its time', { required: true, example: '400' }),
          }),
        ),
        'share of disk time by device',
        { example: '[{ path: /dev/sda, weight: 400 }]' },
      ),
      device_read_bps: rates('most bytes read a second'),
      device_write_bps: rates('most bytes written a second'),
      device_read_iops: rates('most reads a second'),
      device_write_iops: rates('most writes a second'),
    }),
    'limits of disk traffic',
    { example: '{ weight: 300 }' },
  ),
};

const pace = {
  parallelism: honoured(integer(0), 'replicas changed at once; 0 for all', { example: '2', byDefault: '1' }),
  delay: honoured(duration, 'rest between two batches', { example: '10s', byDefault: '0s' }),
  order: honoured(choice('start-first', 'stop-first'), 'which of the new and the old replica goes first', {
    example: 'stop-first',
    byDefault: 'start-first; stop-first with host ports, volumes or bind mounts',
  }),
} satisfies Keys;

const goesOn = 'a rollback always goes on until the release before is back';

const rollback: Keys = {
  ...pace,
  order: { ...pace.order, byDefault: 'that of update_config' },
  failure_action: honoured(
    {
      kind: 'choice',
      values: ['continue'],
      refused: { pause: { why: goesOn, instead: 'remove it' } },
    },
    'what follows when a rollback fails',
    { example: 'continue', byDefault: 'continue' },
  ),
  monitor: refused(goesOn, 'remove it'),
  max_failure_ratio: refused(goesOn, 'remove it'),
};

const update: Keys = {
  ...pace,
  failure_action: honoured(choice('rollback', 'pause', 'continue'), 'what follows when a rollout fails', {
    example: 'rollback',
    byDefault: 'rollback',
  }),
  monitor: honoured(duration, 'how long a new replica is watched before it counts', {
    example: '30s',
    byDefault: '5s',
  }),
  max_failure_ratio: honoured(number(0, 1), 'share of replicas that may fail', {
    example: '0.2',
    byDefault: '0',
  }),
};

const job = {
  why: 'not supported yet',
  instead:
    'use a service with restart: "no"; others wait for it by depends_on: service_completed_successfully',
};

export const deploy = honoured(
  object({
    mode: honoured(
      {
        kind: 'choice',
        values: ['replicated', 'global'],
        refused: { 'replicated-job': job, 'global-job': job },
      },
      'replicated: as many replicas as asked for; global: one on every machine that fits',
      { example: 'global', byDefault: 'replicated' },
    ),
    replicas: honoured(integer(0), 'how many', { example: '3', byDefault: '1' }),
    endpoint_mode: honoured(
      choice('vip', 'dnsrr'),
      'vip: the name of a service leads to an address of its own, behind which its replicas take turns; dnsrr: to the addresses of its replicas',
      { example: 'dnsrr', byDefault: 'vip' },
    ),
    labels: honoured(pairs, 'labels of the service, for people', { example: '{ team: shop }' }),
    resources: honoured(
      object({
        limits: honoured(
          object({
            cpus: honoured(number(0), 'most cores a replica uses', { example: '"0.5"' }),
            memory: honoured(size, 'more than this and it is killed', { example: '128M' }),
            pids: honoured(integer(-1), 'most processes and threads', { example: '200' }),
          }),
          'what a replica may use at most',
          { example: '{ memory: 128M }' },
        ),
        reservations: honoured(
          object({
            cpus: honoured(number(0), 'cores kept for a replica', { example: '"0.25"' }),
            memory: honoured(size, 'memory kept for a replica', { example: '64M' }),
            devices: refused(
              'machines do not report such devices yet, so no replica could be placed by them',
              'use devices with a placement constraint',
            ),
            generic_resources: refused(
              'machines report cores and memory',
              'use labels of machines with a placement constraint',
            ),
          }),
          'what a machine must have free for a replica; never given twice',
          { example: '{ memory: 64M }' },
        ),
      }),
      'limits and reservations of each replica',
      { example: '{ limits: { memory: 128M } }' },
    ),
    placement: honoured(
      object({
        constraints: honoured(
          texts,
          'machines that fit: node.hostname, node.labels.X, node.platform.arch, with == or !=',
          {
            example: '["node.labels.zone == a"]',
          },
        ),
        preferences: honoured(
          list(
            object({
              spread: honoured(
                matching(/^node\.labels\.[\w./-]+$/, 'node.labels.NAME'),
                'spread replicas over the values of this label',
                { required: true, example: 'node.labels.zone' },
              ),
            }),
          ),
          'what to spread over, most important first',
          { example: '[{ spread: node.labels.zone }]' },
        ),
        max_replicas_per_node: honoured(integer(1), 'most replicas on one machine', { example: '1' }),
      }),
      'which machines replicas go to',
      { example: '{ constraints: ["node.labels.zone == a"] }' },
    ),
    restart_policy: honoured(
      object({
        condition: honoured(choice('none', 'on-failure', 'any'), 'when it is started again', {
          example: 'on-failure',
          byDefault: 'any',
        }),
        delay: honoured(duration, 'rest before the next start', { example: '5s', byDefault: '1s' }),
        max_attempts: honoured(integer(0), 'starts before giving up', { example: '3', byDefault: 'no end' }),
        window: honoured(duration, 'time over which attempts are counted', {
          example: '2m',
          byDefault: 'for ever',
        }),
      }),
      'what happens when the process ends; goes before restart',
      { example: '{ condition: on-failure, max_attempts: 3 }' },
    ),
    update_config: honoured(object(update), 'how a new release replaces the old one', {
      example: '{ parallelism: 1, order: start-first }',
    }),
    rollback_config: honoured(object(rollback), 'how the release before comes back', {
      example: '{ parallelism: 0 }',
    }),
  }),
  'how many replicas, where, with what resources, and how they are replaced',
  { example: '{ replicas: 3 }' },
);
