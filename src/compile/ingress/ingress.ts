import { must } from '#base/assert.ts';
import { dnsUnit, namesFolder } from '#compile/dns.ts';
import type { Fixtures, IngressFixture } from '#compile/fixtures.ts';
import type { FileResource, Resource } from '#compile/manifest.ts';
import { type Body, debianPackage, directory, file, runningUnit } from '#compile/resources.ts';
import { ingressUnit } from '#plan/ingress-ports.ts';
import { ingressMachines } from '#plan/machines/ingress.ts';
import type { Policy } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import { namesOf } from '#spec/ingress-model.ts';
import { caddyText } from './caddy.ts';
import { upstreamNames } from './names.ts';
import {
  certificateName,
  certificatesFolder,
  challengesFolder,
  configPath,
  ingressAccount,
  ingressFolder,
  reloadPath,
} from './places.ts';
import type { IngressRoute } from './routes.ts';
import { ingressUnitText, reloadText } from './unit.ts';

const origin = 'ingress';
const packageId = 'package:caddy';
const accountId = `user:${ingressAccount}`;
const none: IngressFixture = { certificates: {}, challenges: {} };

/** What a machine holds that takes requests from the world; nothing while no service asks for any. */
export function ingressResources(
  policy: Policy,
  machine: string,
  routes: readonly IngressRoute[],
  { ingress = none }: Fixtures,
): Resource[] {
  if (routes.length === 0 || !ingressMachines(policy).some(({ name }) => name === machine)) return [];
  const { index } = must(policy.machines[machine], `machine ${machine}`);
  const certificates = certificateFiles(routes, ingress);
  const configuration = readable(configPath, {
    content: caddyText({
      routes,
      certified: new Set(certificates.map(({ host }) => host)),
      resolver: containerSubnet(policy.fleet, index).gateway,
    }),
  });
  const unitFile = file(origin, `/etc/systemd/system/${ingressUnit}`, { content: ingressUnitText() });
  const reload = file(origin, reloadPath, { content: reloadText() }, { mode: 0o755, after: [folderId] });
  const files = certificates.flatMap((one) => one.files);
  return [
    ...foundations(),
    ...files,
    ...Object.entries(ingress.challenges).map(([token, content]) =>
      readable(`${challengesFolder}/${token}`, { content }),
    ),
    file(
      origin,
      `${namesFolder}/_ingress`,
      { content: upstreamNames(routes) },
      { after: [`directory:${namesFolder}`] },
    ),
    configuration,
    reload,
    unitFile,
    runningUnit(origin, ingressUnit, [configuration, unitFile, ...files], {
      reload: true,
      after: [packageId, reload.id, `unit:${dnsUnit}`],
    }),
  ];
}

const folderId = `directory:${ingressFolder}`;

/** The program, the account it runs as and its folders. The unit of the package would take the ports first. */
const foundations = (): readonly Resource[] => [
  {
    ...runningUnit(origin, 'caddy.service', []),
    enabled: false,
    active: false,
    masked: true,
  },
  { ...debianPackage(origin, 'caddy'), after: ['unit:caddy.service'] },
  {
    ...{ kind: 'user', id: accountId, name: ingressAccount, group: ingressAccount, groups: [] },
    ...{ shell: '/usr/sbin/nologin', home: '/nonexistent', makeHome: false, comment: 'Ballast ingress' },
    ...{ system: true, removeHome: false, after: [], origin },
  },
  ...[ingressFolder, certificatesFolder, challengesFolder].map((path) =>
    directory(origin, path, {
      ...{ mode: 0o750, group: ingressAccount },
      after: path === ingressFolder ? [accountId] : [accountId, folderId],
    }),
  ),
];

interface CertificateFiles {
  readonly host: string;
  readonly files: readonly FileResource[];
}

/** Certificate and key of each host that has one. */
function certificateFiles(
  routes: readonly IngressRoute[],
  { certificates }: IngressFixture,
): readonly CertificateFiles[] {
  const found = new Map<string, CertificateFiles>();
  for (const route of routes) {
    if (route.tls.kind === 'off') continue;
    for (const host of namesOf(route)) {
      const own = certificates[host];
      const bodies: readonly [Body, Body] | undefined =
        route.tls.kind === 'given'
          ? [{ secret: route.tls.cert }, { secret: route.tls.key }]
          : own && [{ content: own.certificate }, { secret: own.keySecret }];
      if (bodies === undefined) continue;
      const path = `${certificatesFolder}/${certificateName(host)}`;
      found.set(host, {
        host,
        files: [readable(`${path}.crt`, bodies[0]), readable(`${path}.key`, bodies[1])],
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** A file that root writes and ingress reads. */
const readable = (path: string, body: Body): FileResource =>
  file(origin, path, body, {
    ...{ mode: 0o640, group: ingressAccount },
    after: [`directory:${path.slice(0, path.lastIndexOf('/'))}`],
  });
