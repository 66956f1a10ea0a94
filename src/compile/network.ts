import { sha256Hex } from '#base/digest.ts';
import type { Policy } from '#plan/model.ts';
import { containerSubnet } from '#plan/schedule/address.ts';
import { servicesNetwork } from '#plan/services.ts';
import type { NetworkRoute, Resource } from './manifest.ts';
import { isMeshClosed, meshLinks, meshMtu, meshWayTo } from './mesh.ts';
import { debianPackage, file, runningUnit } from './resources.ts';

export const bridge = 'br-ballast';
export const networkUnit = 'ballast-network.service';
export const podmanNetwork = 'ballast';
export const bridgeId = `network:${bridge}`;
/** Marks the routes that are ours among the machine's: a number that no routing daemon is known by. */
export const routeProtocol = 91;
/** As well, the one that leads nowhere. */
export const blackholeProtocol = 92;
const routesPath = '/etc/ballast/network/routes';
const scriptPath = '/etc/ballast/network/apply';
const origin = 'network';
/** A wrong route leads the way to the control plane astray. */
const confirm = true;

/**
 * The bridge that containers are on, the routes to the other machines' containers, and podman's view of it. Podman
 * does not manage the network: it would write firewall rules of its own. The bridge is made by a unit of ours and
 * not by the distribution's network manager, since that is another one on every machine.
 */
export function networkResources(
  policy: Policy,
  machine: string,
  virtual: readonly string[] = [servicesNetwork(policy.fleet)],
): Resource[] {
  const own = policy.machines[machine];
  if (!own) return [];
  const subnet = containerSubnet(policy.fleet, own.index);
  const mac = macOf(subnet.gateway);
  const wanted = routesOf(policy, machine, { source: subnet.gateway, virtual });
  const routes = file(origin, routesPath, { content: routesText(wanted) }, { confirm });
  const script = file(
    origin,
    scriptPath,
    { content: scriptText(policy, subnet.gateway, mac) },
    { mode: 0o755, confirm },
  );
  const unitFile = file(origin, `/etc/systemd/system/${networkUnit}`, { content: unitText }, { confirm });
  const keepRoutes = file(origin, '/etc/systemd/networkd.conf.d/50-ballast.conf', {
    content:
      '[Network]\n# Routes between the machines of the fleet are set by ballast-network.service.\nManageForeignRoutes=no\n',
  });
  return [
    debianPackage(origin, 'iproute2'),
    debianPackage(origin, 'podman'),
    routes,
    script,
    unitFile,
    keepRoutes,
    runningUnit(origin, networkUnit, [routes, script, unitFile], {
      reload: true,
      confirm,
      after: ['package:iproute2'],
    }),
    {
      ...{
        kind: 'network',
        id: bridgeId,
        interface: bridge,
        link: 'bridge',
        mac,
        routes: wanted.filter(({ dev }) => dev === undefined || dev === bridge),
        confirm,
        origin,
      },
      addresses: [`${subnet.gateway}/24`],
      // The unit has made it by then, and has to at every start of the machine; whatever is changed later is seen here.
      after: [`unit:${networkUnit}`],
    },
    ...forwarding,
    ...meshNetworks(policy, machine, wanted),
    file(origin, `/etc/containers/networks/${podmanNetwork}.json`, { content: podmanNetworkText(subnet) }),
  ];
}

/** The mesh's own interfaces, and the ways that lead over them. */
const meshNetworks = (
  policy: Policy,
  machine: string,
  routes: readonly NetworkRoute[],
): readonly Resource[] =>
  meshLinks(policy, machine).map((name) => ({
    ...{
      kind: 'network',
      id: `network:${name}`,
      interface: name,
      link: 'given',
      mtu: meshMtu,
      addresses: [],
    },
    routes: routes.filter(({ dev }) => dev === name),
    after: [`mesh:${name}`],
    origin,
  }));

/** Without the first nothing gets from one interface to another, without the second past the rules of the firewall. */
const forwarding: readonly Resource[] = ['net.ipv4.ip_forward', 'net.bridge.bridge-nf-call-iptables'].map(
  (key) => ({ kind: 'sysctl', id: `sysctl:${key}`, key, value: '1', after: [`unit:${networkUnit}`], origin }),
);

/**
 * The ways to the containers of all other machines, and to virtual addresses, which the firewall leads on. Among
 * containers the machine is known by its address on the bridge, on whichever machine they are.
 */
function routesOf(
  policy: Policy,
  machine: string,
  { source, virtual }: { readonly source: string; readonly virtual: readonly string[] },
): readonly NetworkRoute[] {
  const others = Object.values(policy.machines)
    .filter(({ name }) => name !== machine)
    .sort((a, b) => a.index - b.index)
    .flatMap(({ name, index, address }): NetworkRoute[] => {
      const to = containerSubnet(policy.fleet, index).cidr;
      const mesh = meshWayTo(policy, machine, name);
      // Without a key of the mesh there is no way, rather than one in the clear.
      if (mesh === null) return [];
      return [mesh === undefined ? { to, via: address, source } : { to, dev: mesh, source }];
    });
  return [...others, ...virtual.map((to) => ({ to, dev: bridge, source }))];
}

/** Input of `ip -batch`. `replace` makes it fit to be run again at any time. */
const routesText = (routes: readonly NetworkRoute[]): string =>
  routes.map((route) => `route replace ${showRoute(route)} proto ${routeProtocol}\n`).join('');

/** `10.91.2.0/24 via 10.90.0.2`, as `ip route` takes it. */
export const showRoute = ({ to, via, dev, source }: NetworkRoute): string =>
  [to, ...(via ? ['via', via] : []), ...(dev ? ['dev', dev] : []), ...(source ? ['src', source] : [])].join(
    ' ',
  );

/** The address and the routes of a machine change when it joins another time: what was there before has to go. */
function scriptText(policy: Policy, gateway: string, mac: string): string {
  return `#!/bin/sh
# Makes the bridge, its address and the routes as they are to be. Safe to run at any time: what is right is not touched.
set -e
ip link show ${bridge} >/dev/null 2>&1 || ip link add ${bridge} address ${mac} type bridge
ip address replace ${gateway}/24 dev ${bridge}
ip -4 -o address show dev ${bridge} | while read -r _ _ _ address _; do
  [ "$address" = ${gateway}/24 ] || ip address delete "$address" dev ${bridge}
done
ip link set ${bridge} up
${blackhole(policy)}# The mesh may be about to start: it sets its own.
ip -force -batch ${routesPath} || ! grep -v ' dev ballast-mesh' ${routesPath} | ip -batch - 2>&1 | grep .
ip -4 route show proto ${routeProtocol} | while read -r to _; do
  grep -q "^route replace $to " ${routesPath} || ip route delete "$to" proto ${routeProtocol}
done
sysctl -qw net.ipv4.ip_forward=1
sysctl -qw net.bridge.bridge-nf-call-iptables=1
`;
}

/** What no machine of the mesh holds must not leave by the default route, nor what it cannot carry for a moment. */
const blackhole = (policy: Policy): string =>
  isMeshClosed(policy)
    ? `ip route replace blackhole ${policy.fleet.network.containers} proto ${blackholeProtocol}\n`
    : `ip route flush proto ${blackholeProtocol} || true\n`;

const unitText = `[Unit]
Description=Ballast container network
Wants=network-online.target
After=network-online.target systemd-networkd.service
PartOf=systemd-networkd.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
# Bridged packets pass the firewall too, so that containers of one machine are kept apart like those of two.
ExecStartPre=-/usr/sbin/modprobe -q br_netfilter
ExecStart=/bin/sh ${scriptPath}
ExecReload=/bin/sh ${scriptPath}
# Nothing of it stays when it is stopped for good; while containers are on the bridge it does.
ExecStop=-/bin/sh -c 'ip -o link show master ${bridge} | grep -q . || { ip route flush proto ${routeProtocol}; ip route flush proto ${blackholeProtocol}; ip link delete ${bridge}; }'
Restart=on-failure
RestartSec=1

[Install]
WantedBy=multi-user.target
`;

function podmanNetworkText(subnet: { readonly cidr: string; readonly gateway: string }): string {
  const network = {
    name: podmanNetwork,
    id: sha256Hex(podmanNetwork),
    driver: 'bridge',
    network_interface: bridge,
    created: '2026-01-01T00:00:00Z',
    subnets: [{ subnet: subnet.cidr, gateway: subnet.gateway }],
    ipv6_enabled: false,
    internal: false,
    dns_enabled: false,
    options: { mode: 'unmanaged' },
    ipam_options: { driver: 'host-local' },
  };
  return `${JSON.stringify(network, null, 2)}\n`;
}

/** A container's hardware address follows from its IP, so that neighbours never hold a stale one. */
export function macOf(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `02:00:${bytes.join(':')}`;
}
