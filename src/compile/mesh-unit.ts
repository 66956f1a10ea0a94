export interface MeshUnit {
  readonly name: string;
  readonly port: number;
  readonly keyFile: string;
  /** The machine's address among containers. */
  readonly gateway: string;
  readonly wireguard: 'kernel' | 'user';
  readonly script: string;
}

/** The unit by which an interface of the mesh is there from boot on. */
export const unitText = (unit: MeshUnit): string => `[Unit]
Description=Ballast mesh (${unit.name})
After=network-pre.target
Before=ballast-network.service
StartLimitIntervalSec=0

[Service]
${unit.wireguard === 'kernel' ? kernelLines(unit) : userLines(unit)}
[Install]
WantedBy=multi-user.target
`;

const up = ({ script, name, port, keyFile, gateway }: MeshUnit): string =>
  `${script} ${name} ${port} ${keyFile} ${gateway}`;

const kernelLines = (unit: MeshUnit): string => `Type=oneshot
RemainAfterExit=yes
ExecStart=${up(unit)}
ExecStop=-/usr/sbin/ip link delete ${unit.name}
Restart=on-failure
RestartSec=1
`;

/** The interface outlives the program: with it stay the routes, and packets are lost while it starts but none leaks. */
const userLines = (unit: MeshUnit): string => `Type=simple
Environment=LOG_LEVEL=error
ExecStartPre=-/usr/sbin/ip tuntap add dev ${unit.name} mode tun vnet_hdr
ExecStart=/usr/bin/wireguard-go -f ${unit.name}
ExecStartPost=${up(unit)}
# Asked to stop it goes; killed or ended by itself it is back at once.
ExecStopPost=-/bin/sh -c '[ "$SERVICE_RESULT" != success ] || ip link delete ${unit.name}'
Restart=always
RestartSec=100ms
# All it has to say is that a kernel could do this better.
StandardError=null
`;

/**
 * Gives an interface its key, its port and its peers: ready when it ends. The key is made here if there is none, and
 * is in no argument and no output.
 */
export const upScript = (wireguard: 'kernel' | 'user'): string => `#!/bin/sh
# Usage: up INTERFACE PORT KEYFILE GATEWAY
set -e
umask 077
name=$1 port=$2 key=$3 gateway=$4
if ! wg pubkey <"$key" >/dev/null 2>&1; then
  wg genkey >"$key.new"
  mv "$key.new" "$key"
fi
${wireguard === 'kernel' ? kernelStart : userStart}
wg set "$name" listen-port "$port" private-key "$key"
wg addconf "$name" "/etc/ballast/mesh/$name.conf"
# While keys change, packets come in by one interface and leave by another. The kernel lets that be where an interface
# has an address, whichever it is.
echo 2 >"/proc/sys/net/ipv4/conf/$name/rp_filter"
ip address replace "$gateway/32" dev "$name" scope link
ip link set "$name" mtu 1420 up
# Its routes went with an interface that was deleted. Without the bridge they cannot be: its unit sets them.
routes=/etc/ballast/network/routes
[ ! -e $routes ] || grep " dev $name " $routes | ip -force -batch - >/dev/null 2>&1 || true
`;

const kernelStart = `ip link show "$name" >/dev/null 2>&1 || ip link add "$name" type wireguard`;

const userStart = `tries=0
until wg show "$name" >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ $tries -le 250 ] || exit 1
  sleep 0.02
done`;
