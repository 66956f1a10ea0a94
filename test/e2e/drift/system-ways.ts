import { type Way, way } from './way.ts';

const rules = 'nft list table inet test | grep -c dport';
const table = 'firewall:inet/test';

/** Of the firewall, settings, packages, accounts, authorities and the clock. */
export const system: readonly Way[] = [
  way('flushed rules', 'nft flush table inet test', rules, '1', table),
  way('a deleted table', 'nft delete table inet test', rules, '1', table),
  way('a rule more', 'nft add rule inet test input tcp dport 22 drop', rules, '1', table),
  way(
    'a kernel setting',
    'sysctl -q -w net.ipv4.tcp_migrate_req=0',
    'cat /proc/sys/net/ipv4/tcp_migrate_req',
    '1',
    'sysctl:net.ipv4.tcp_migrate_req',
  ),
  way(
    'packets that are not passed on',
    'sysctl -q -w net.ipv4.ip_forward=0 net.bridge.bridge-nf-call-iptables=0',
    'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge/bridge-nf-call-iptables',
    '1\n1',
    'sysctl:net.bridge.bridge-nf-call-iptables',
  ),
  way(
    'a removed package',
    'apt-get -qq -y remove --allow-change-held-packages hello-ballast',
    'hello-ballast',
    'hello 1.0',
    'package:hello-ballast',
  ),
  way(
    'a package that is held no more',
    'apt-mark -qq unhold hello-ballast',
    'apt-mark showhold',
    'hello-ballast',
    'package:hello-ballast',
  ),
  way(
    'a package that is not to be',
    'cd /opt/debs && dpkg -i gone-ballast_1.0_all.deb',
    'ls /usr/bin/gone-ballast 2>/dev/null | wc -l',
    '0',
    'package:gone-ballast',
  ),
  way('a user who may become root', 'usermod -aG sudo ana', 'id -nG ana', 'ana team', 'user:ana'),
  way('a user’s shell', 'usermod -s /bin/sh ana', 'getent passwd ana | cut -d: -f7', '/bin/bash', 'user:ana'),
  way(
    'a user’s password',
    'echo ana:secret | chpasswd',
    'getent shadow ana | cut -c1-5',
    'ana:!',
    'user:ana',
  ),
  way('a user’s own group', "sed -i '/^ana:/d' /etc/group /etc/gshadow", 'id -gn ana', 'ana', 'user:ana'),
  way('a deleted user', 'userdel ana', 'id -nG ana', 'ana team', 'user:ana'),
  way('a deleted group', 'groupdel team', 'id -nG ana', 'ana team', 'group:team'),
  way(
    'an authority that nobody trusts',
    ': > /etc/ssl/certs/ca-certificates.crt',
    'openssl verify /usr/local/share/ca-certificates/ballast-corp.crt',
    '/usr/local/share/ca-certificates/ballast-corp.crt: OK',
    'trust:corp',
  ),
  way(
    'a deleted authority',
    'rm /usr/local/share/ca-certificates/ballast-corp.crt',
    'openssl verify /usr/local/share/ca-certificates/ballast-corp.crt',
    '/usr/local/share/ca-certificates/ballast-corp.crt: OK',
    'trust:corp',
  ),
  way(
    'another time zone',
    'ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime',
    'readlink /etc/localtime',
    '/usr/share/zoneinfo/Europe/Berlin',
    'timezone:machine',
  ),
];
