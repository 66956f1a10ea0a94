import { configPath, ingressAccount, reloadPath, runFolder } from './places.ts';

/** How long answers end their connections before a new configuration closes those that are left, seconds. */
const drainSeconds = 2;

export const ingressUnitText = (): string => `[Unit]
Description=Ballast ingress
Wants=network-online.target
After=network-online.target ballast-network.service ballast-dns.service
StartLimitIntervalSec=0

[Service]
Type=notify
User=${ingressAccount}
Group=${ingressAccount}
RuntimeDirectory=ballast-ingress
RuntimeDirectoryMode=0750
StateDirectory=ballast-ingress
StateDirectoryMode=0700
Environment=HOME=%S/ballast-ingress XDG_DATA_HOME=%S/ballast-ingress XDG_CONFIG_HOME=%S/ballast-ingress
# Connections that nobody has taken yet are handed on when a configuration takes the place of another.
ExecStartPre=+-/usr/sbin/sysctl -qw net.ipv4.tcp_migrate_req=1
ExecStart=/usr/bin/caddy run --config ${configPath}
ExecReload=/bin/sh ${reloadPath}
Restart=always
RestartSec=200ms
TimeoutStopSec=40s
LogRateLimitIntervalSec=1s
LogRateLimitBurst=2000
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077

[Install]
WantedBy=multi-user.target
`;

export const reloadText = (): string => `#!/bin/sh
# Takes the configuration anew without losing a request. It closes connections that wait for their next request, so
# for a while before every answer ends its own in good order, and clients open new ones.
set -e
trap 'rm -f ${runFolder}/draining' EXIT
: > ${runFolder}/draining
sleep ${drainSeconds}
/usr/bin/caddy reload --force --config ${configPath} --address unix/${runFolder}/admin.sock
`;
