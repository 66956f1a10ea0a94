export type Check = readonly [what: string, script: string, expected: string | RegExp];

/** A control file of the container, by its name in version 1 of control groups and in version 2. */
const control = (old: string, now: string): string =>
  `cat /sys/fs/cgroup/${old} 2>/dev/null || cat /sys/fs/cgroup/${now}`;
const status = (field: string): string => `grep ^${field}: /proc/1/status | cut -f2-`;
const mib = 2 ** 20;

/** Whose container is looked into; what holds there, the script that shows it, and what it prints then. */
export const checks: readonly (readonly [service: string, checks: readonly Check[]])[] = [
  [
    'entry',
    [
      ['user and group', 'stat -c %u:%g /proc/1', '1000:1001'],
      ['group_add', 'id -G', '1001 29 44'],
      ['hostname with domainname', 'hostname', 'box.example.com'],
      ['init', 'cat /proc/1/comm', 'podman-init'],
      ['dns', 'grep nameserver /etc/resolv.conf', 'nameserver 192.0.2.53\nnameserver 192.0.2.54'],
      ['dns_search', 'grep search /etc/resolv.conf', 'search keys.internal example.com example.org'],
      ['dns_opt', 'grep options /etc/resolv.conf', /ndots:3/],
      ['extra_hosts', 'getent hosts printer', /^192\.0\.2\.10 /],
      ['host-gateway', 'getent hosts machine', /^10\.91\.1\.1 /],
    ],
  ],
  [
    'words',
    [
      ['the name of a service', 'getent hosts mounts', /^10\.92\.\d+\.\d+ +mounts/],
      ['aliases', 'getent hosts another-name', /^10\.92\.\d+\.\d+ +another-name/],
      ['a hostname by default', 'hostname', 'keys-words-1'],
      ['cgroup: private by default', 'cut -d: -f3 /proc/self/cgroup | sort -u', '/'],
      ['no limit of processes by default', control('pids/pids.max', 'pids.max'), 'max'],
    ],
  ],
  [
    'walls',
    [
      ['read_only', 'touch /of-image 2>&1', /Read-only file system/],
      ['cap_add and cap_drop', status('CapEff'), '000000008004157a'],
      ['no-new-privileges', status('NoNewPrivs'), '1'],
      ['mask', 'cat /proc/uptime', ''],
      [
        'sysctls',
        'cat /proc/sys/net/core/somaxconn /proc/sys/net/ipv4/ip_local_port_range',
        '77\n2000\t3000',
      ],
      [
        'ulimits',
        'grep -E "open files|core file|processes" /proc/1/limits | tr -s " "',
        /core file size unlimited unlimited bytes .*\n.*processes 300 300 .*\n.*open files 1000 2000 /i,
      ],
      ['shm_size', 'echo $(df -B1 --output=size /dev/shm | tail -1)', String(32 * mib)],
      [
        'tmpfs with options',
        'grep " /scratch " /proc/mounts',
        /^tmpfs \/scratch tmpfs rw,.*noexec.*size=1024k,mode=1770/,
      ],
      ['tmpfs without', 'stat -f -c %T /plain', 'tmpfs'],
      ['tmpfs in the long form', 'grep " /long " /proc/mounts', /size=2048k,mode=750/],
      ['tmpfs that is read-only', 'touch /long-ro/file 2>&1', /Read-only file system/],
    ],
  ],
  [
    'limits',
    [
      ['mem_limit', control('memory/memory.limit_in_bytes', 'memory.max'), String(96 * mib)],
      [
        'cpus',
        'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cut -d" " -f1 /sys/fs/cgroup/cpu.max',
        '50000',
      ],
      ['cpuset', control('cpuset/cpuset.cpus', 'cpuset.cpus'), '0'],
      ['pids_limit', control('pids/pids.max', 'pids.max'), '50'],
      ['oom_score_adj', 'cat /proc/1/oom_score_adj', '500'],
      [
        'memswap_limit',
        'cat /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes 2>/dev/null || echo $(($(cat /sys/fs/cgroup/memory.swap.max) + 96 * 1048576))',
        String(160 * mib),
      ],
      // Version 2 knows weights from 1 to 10000, into which shares are translated.
      ['cpu_shares', control('cpu/cpu.shares', 'cpu.weight'), /^(512|20|59)$/],
      ['mem_reservation', control('memory/memory.soft_limit_in_bytes', 'memory.low'), String(48 * mib)],
    ],
  ],
  [
    'namespaces',
    [
      ['pid: host', 'cat /proc/1/comm', 'systemd'],
      ['uts: host', 'hostname', 'app-1'],
      ['cgroup: host', 'cut -d: -f3 /proc/self/cgroup | sort -u', /keys-namespaces-1-r1\.service/],
      ['network_mode: host', 'ls /sys/class/net', /br-ballast/],
      ['pids_limit -1', control('pids/pids.max', 'pids.max'), /^max$|^cat/],
    ],
  ],
  [
    'alone',
    [
      ['network_mode: none', 'ls /sys/class/net', 'lo'],
      ['ipc: none', 'ls -d /dev/shm 2>&1', /No such file/],
      ['hostname without a network', 'hostname', 'alone'],
      ['tty and stdin_open', 'readlink /proc/1/fd/0; cat /proc/1/comm', '/dev/pts/0\ncat'],
    ],
  ],
  ['rights', [['privileged', status('CapEff'), /^0*1ffff[\da-f]{5,6}$|^000001ff/]]],
  [
    'devices',
    [
      ['devices', 'stat -c "%F %t,%T" /dev/other', 'character special file a,e5'],
      [
        'device permissions',
        'head -c1 /dev/other 2>&1; echo x 2>&1 > /dev/other',
        /Operation not permitted|Permission denied/,
      ],
    ],
  ],
  [
    'mounts',
    [
      ['depends_on: service_completed_successfully', 'test -s /data/filled && echo yes', 'yes'],
      ['a named volume', 'touch /data/new && ls /again/new', '/again/new'],
      ['a volume mounted :ro', 'touch /again/file 2>&1', /Read-only file system/],
      ["a volume takes the image's files", 'cat /filled/file', 'of the image'],
      ['nocopy', 'ls /filled-not', ''],
      ['subpath', 'cat /sub/file', 'below'],
      ['read_only in the long form', 'touch /sub/file 2>&1', /Read-only file system/],
      ['an anonymous volume', 'touch /anonymous/file && stat -c %s /anonymous/file', '0'],
      ['an anonymous one that is read-only', 'touch /anonymous-ro/file 2>&1', /Read-only file system/],
      ['a bind mount whose source was missing', 'touch /made/file && ls /srv-again/keys/made*', 'file'],
      ['a bind mount of a file', 'cat /machine-name', 'app-1'],
      ['propagation', 'grep -o " /srv-again .* master:" /proc/self/mountinfo | wc -l', '1'],
      ['a secret', 'cat /run/secrets/token; stat -c " %u %g %a" /run/secrets/token', 'hush 0 0 444'],
      ['uid, gid, mode and target of a secret', 'stat -c "%u %g %a" /run/secrets/own', '1000 1001 400'],
      ['a config', 'cat /etc/app.conf; stat -c "%u %g %a" /etc/app.conf', 'a $b %c\n0 0 640'],
      ['a config at its usual place', 'cat /plain', 'plain'],
    ],
  ],
  ['after', [['depends_on: service_healthy', 'cat /data/after', 'true']]],
];
