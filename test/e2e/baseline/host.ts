import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';

/** How the baseline differs from the usual one. */
export interface Wishes {
  readonly without?: readonly string[];
  readonly setting?: string;
  readonly packages?: readonly string[];
  readonly sudoers?: string;
  /** More settings of the ssh server: `, Port: 2222`. */
  readonly sshd?: string;
  readonly module?: string;
  readonly swap?: string;
}

const key = `ssh-ed25519 ${'A'.repeat(68)} ana`;

/** The section `host` with every kind of entry. */
export function hostSection(wishes: Wishes): string {
  const { without = [], setting = 'a', packages = [], sudoers, sshd = '', module, swap } = wishes;
  const parts: Readonly<Record<string, string>> = {
    timezone: 'Europe/Berlin',
    packages: `{ hello-ballast: { version: "1.0*", hold: true }, ${packages.map((name) => `${name}: {}, `).join('')} gone-ballast: { absent: true } }`,
    directories: '{ /srv/data: { mode: 0750, owner: ana, group: ops } }',
    files: `
    /etc/motd: { source: ./motd, template: true }
    /etc/app.conf: { content: "${setting}\\n", mode: 0600, owner: ana, restart: [app.service] }
    /etc/tls.key: { secret: tls_key }${
      sudoers === undefined
        ? ''
        : `
    /etc/sudoers.d/own: ${sudoers}`
    }`,
    groups: '{ ops: { gid: 1600 } }',
    users: '{ ana: { uid: 1500, comment: Ana, groups: [adm, ops] }, worker: { system: true } }',
    sudo: `{ ana: { commands: ["/usr/bin/systemctl restart tick.service"] } }`,
    ssh_keys: `{ ana: ["${key}"] }`,
    sshd: `{ MaxAuthTries: 3${sshd} }`,
    sysctl: '{ net.ipv4.tcp_keepalive_time: 1234 }',
    units: `
    app.service: { content: "[Service]\\nExecStart=/bin/sleep infinity\\nUser=worker\\n[Install]\\nWantedBy=multi-user.target\\n" }
    tick.timer: { content: "[Timer]\\nOnCalendar=hourly\\n[Install]\\nWantedBy=timers.target\\n" }
    tick.service: { content: "[Service]\\nType=oneshot\\nExecStart=/bin/true\\n" }
    fstrim.timer: { active: false }
    e2scrub_all.timer: { masked: true }`,
    mounts: '{ /srv/cache: { what: tmpfs, type: tmpfs, options: [size=1m] } }',
    certificates: '{ corp: ./ca.pem }',
    journal: '{ max_use: 50M }',
    ...(swap === undefined ? {} : { swap }),
    // Containers see no modules of their own: none can be in what is to hold.
    ...(module === undefined ? {} : { modules: `[${module}]` }),
  };
  const lines = Object.entries(parts)
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => `  ${name}: ${value}\n`);
  return `host:\n${lines.join('')}`;
}

/** PEM of a certificate authority that nobody knows. */
export async function authority(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=Corp CA',
    notBefore: new Date('2026-01-01'),
    notAfter: new Date('2096-01-01'),
    signingAlgorithm: algorithm,
    keys,
  });
  return certificate.toString('pem');
}

/** Makes a source of packages on the machine itself, with one in it and one installed: it has no other that it reaches. */
export const makePackages = `set -e
mkdir -p /opt/debs && cd /opt/debs
make() {
  mkdir -p $1/DEBIAN $1/usr/bin
  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: nobody\\nDescription: test\\n' $1 $2 > $1/DEBIAN/control
  [ $1 != hello-ballast ] || echo 'Depends: part-ballast' >> $1/DEBIAN/control
  [ $1 != broken-ballast ] || { printf '#!/bin/sh\necho it is broken >&2; exit 1\n' > $1/DEBIAN/postinst; chmod 755 $1/DEBIAN/postinst; }
  printf '#!/bin/sh\\necho hello %s\\n' $2 > $1/usr/bin/$1; chmod 755 $1/usr/bin/$1
  dpkg-deb --root-owner-group --build $1 $1_$2_all.deb >/dev/null
  { dpkg-deb -f $1_$2_all.deb; echo "Filename: ./$1_$2_all.deb"; echo "Size: $(stat -c %s $1_$2_all.deb)"
    echo "SHA256: $(sha256sum $1_$2_all.deb | cut -d' ' -f1)"; echo; } >> Packages
  rm -r $1
}
make hello-ballast 1.0
make hello-ballast 2.0
make gone-ballast 1.0
make part-ballast 1.0
make broken-ballast 1.0
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/opt/debs ./' > /etc/apt/sources.list.d/own.list
apt-get -qq update
dpkg -i gone-ballast_1.0_all.deb >/dev/null
`;
