import { system } from './system-ways.ts';
import { type Way, way } from './way.ts';

const greeting = 'file:/etc/test/greeting';
const quadlets = '/etc/containers/systemd/ballast';
const served = 'curl -s -m 2 http://10.91.1.12:8080/healthz';

const files: readonly Way[] = [
  way('a file’s content', 'echo evil > /etc/test/greeting', 'cat /etc/test/greeting', 'hello', greeting),
  way(
    'a line more in a file',
    'echo more >> /etc/test/greeting',
    'cat /etc/test/greeting',
    'hello',
    greeting,
  ),
  way('a file’s mode', 'chmod 777 /etc/test/greeting', 'stat -c %a /etc/test/greeting', '640', greeting),
  way('a file’s owner', 'chown nobody /etc/test/greeting', 'stat -c %U /etc/test/greeting', 'root', greeting),
  way('a deleted file', 'rm /etc/test/greeting', 'cat /etc/test/greeting', 'hello', greeting),
  way(
    'a link in place of a file',
    'ln -sf /etc/mine /etc/test/greeting',
    'stat -c %F /etc/test/greeting; cat /etc/mine',
    'regular file\nx',
    greeting,
  ),
  way('a directory’s mode', 'chmod 700 /etc/test', 'stat -c %a /etc/test', '750', 'directory:/etc/test'),
  way(
    'a removed directory',
    'mv /etc/test /etc/gone && rm -r /etc/gone',
    'cat /etc/test/password',
    'hunter2',
    'directory:/etc/test',
  ),
  way(
    'a secret',
    'echo x > /etc/test/password',
    'cat /etc/test/password',
    'hunter2',
    'file:/etc/test/password',
  ),
  way(
    'the name servers',
    'echo nameserver 192.0.2.1 > /etc/resolv.conf',
    'cat /etc/resolv.conf',
    'nameserver 127.0.0.1',
    'file:/etc/resolv.conf',
  ),
  way(
    'a key more for a user',
    'echo "ssh-ed25519 AAAA mallory" >> /home/ana/.ssh/authorized_keys',
    'cat /home/ana/.ssh/authorized_keys',
    '# none',
    'file:/home/ana/.ssh/authorized_keys',
  ),
  way(
    'podman’s network',
    'rm /etc/containers/networks/ballast.json',
    'ls /etc/containers/networks',
    'ballast.json',
    'file:/etc/containers/networks/ballast.json',
  ),
];

const units: readonly Way[] = [
  way(
    'a deleted unit file',
    'rm /etc/systemd/system/sleeper.service',
    'cat /etc/systemd/system/sleeper.service | head -1',
    '[Service]',
    'file:/etc/systemd/system/sleeper.service',
  ),
  way(
    'an edited unit file',
    'echo "# mine" >> /etc/systemd/system/sleeper.service',
    'grep -c mine /etc/systemd/system/sleeper.service',
    '0',
    'file:/etc/systemd/system/sleeper.service',
  ),
  way(
    'a stopped unit',
    'systemctl stop sleeper',
    'systemctl is-active sleeper',
    'active',
    'unit:sleeper.service',
  ),
  way(
    'a killed unit',
    'systemctl kill -s KILL sleeper',
    'systemctl is-active sleeper',
    'active',
    'unit:sleeper.service',
  ),
  way(
    'a disabled unit',
    'systemctl disable sleeper',
    'systemctl is-enabled sleeper',
    'enabled',
    'unit:sleeper.service',
  ),
  way(
    'a unit whose link is gone',
    'rm /etc/systemd/system/multi-user.target.wants/sleeper.service',
    'systemctl is-enabled sleeper',
    'enabled',
    'unit:sleeper.service',
  ),
  way(
    'a masked unit',
    'systemctl mask --now systemd-tmpfiles-clean.timer',
    'systemctl is-enabled systemd-tmpfiles-clean.timer; systemctl is-active systemd-tmpfiles-clean.timer',
    'static\nactive',
    'unit:systemd-tmpfiles-clean.timer',
  ),
];

const containers: readonly Way[] = [
  way('a stopped replica', 'systemctl stop w2', served, 'well', 'container:w2'),
  way('a container that podman stopped', 'podman stop -t 0 w2', served, 'well', 'container:w2'),
  way('a removed container', 'podman rm -f -t 0 w2', served, 'well', 'container:w2'),
  way('a masked replica', 'systemctl mask --now w2', served, 'well', 'container:w2'),
  way(
    'a twin that was started by hand',
    'systemctl stop w2; podman run -d --replace --name w2 --network=none test/box sleep 1000',
    `${served}; podman ps --filter name=w2 --format "{{.Names}} {{.Command}}" | grep -c sleep`,
    'well\n0',
    'container:w2',
  ),
  way(
    'a twin that has another mount',
    'systemctl stop w1; podman run -d --replace --name w1 --network=none -v mine:/data test/box sleep 1000',
    `curl -s -m 2 http://10.91.1.11:8080/healthz; podman inspect w1 --format '{{(index .Mounts 0).Name}}'`,
    'well\ndata',
    'container:w1',
  ),
  way(
    'an edited Quadlet',
    `echo "# mine" >> ${quadlets}/w2.container`,
    `grep -c mine ${quadlets}/w2.container`,
    '0',
    'container:w2',
  ),
  way(
    'another mount in a Quadlet',
    `sed -i s,data:/data,data:/elsewhere, ${quadlets}/w1.container`,
    `grep Volume ${quadlets}/w1.container; podman inspect w1 --format "{{(index .Mounts 0).Destination}}"`,
    'Volume=data:/data\n/data',
    'container:w1',
  ),
  way(
    'a removed Quadlet',
    `rm ${quadlets}/w2.container`,
    `ls ${quadlets}`,
    'w1.container\nw2.container\nw3.container',
    'container:w2',
  ),
  way(
    'a stray Quadlet',
    `cp ${quadlets}/w2.container ${quadlets}/stray.container`,
    `ls ${quadlets}`,
    'w1.container\nw2.container\nw3.container',
    'container:stray',
  ),
  // With it goes the container that runs it, to the point where it can be started again.
  way(
    'an image that a replica runs',
    'podman rmi --force $(podman images -q --filter label=of=w3)',
    'curl -s -m 2 http://10.91.1.13:8080/healthz; podman images -q --filter label=of=w3 | wc -l',
    'well\n1',
    'image:127.0.0.1:5055/box',
  ),
  way(
    'a removed volume',
    'podman volume rm spare',
    'podman volume ls -q --filter name=spare',
    'spare',
    'volume:spare',
  ),
];

const bridge = 'network:br-ballast';
// The machine reaches the container and the container the machine, which both need the bridge, its address and its ports.
const connected = `${served}; podman exec w2 wget -q -T 2 -O - http://10.91.1.11:8080/healthz`;

const networks: readonly Way[] = [
  way('a deleted bridge', 'ip link delete br-ballast', connected, 'well\nwell', bridge),
  way('a bridge that is down', 'ip link set br-ballast down', connected, 'well\nwell', bridge),
  way(
    'an address of a bridge',
    'ip address flush dev br-ballast scope global',
    connected,
    'well\nwell',
    bridge,
  ),
  way(
    'an address more',
    'ip address add 10.91.1.77/24 dev br-ballast',
    `${served}; ip -4 address show dev br-ballast | grep -c inet`,
    'well\n1',
    bridge,
  ),
  way(
    'a container taken off its bridge',
    'for one in $(ls /sys/class/net/br-ballast/brif); do ip link set $one nomaster; done',
    connected,
    'well\nwell',
    bridge,
  ),
  way(
    'a route more',
    'ip route add 10.99.0.0/16 dev br-ballast proto 91',
    'ip -4 route show 10.99.0.0/16 | wc -l',
    '0',
    bridge,
  ),
];

export const ways: readonly Way[] = [...files, ...units, ...containers, ...networks, ...system];
