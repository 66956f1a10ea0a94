#!/bin/bash
# The hand-made floor: what an administrator with a shell, ssh and no orchestrator can do. Nothing here is Ballast's.
# usage: floor.sh fleet WORK BASE ARCHIVE   from nothing to 3 machines, a registry and 9 running containers; prints ms
#        floor.sh deploy WORK               one service on 3 machines by ssh, until all three answer; prints ms
#        floor.sh down WORK                 removes every trace
# BASE is a directory with the machines' system, ARCHIVE an OCI archive of an image that answers on port 8080.
set -eu
verb=$1 work=$2 base=${3:-} archive=${4:-}
ns=blfloor link=blfloor net=10.89.0 cg=/sys/fs/cgroup
controllers="cpu cpuacct cpuset memory devices freezer blkio pids systemd unified"
now() { date +%s%3N; }
inside() { nsenter --net=/run/netns/$ns "$@"; }
remote() { local n=$1; shift; ssh -i "$work/id" -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
  -o LogLevel=ERROR -o ControlMaster=auto -o ControlPath="$work/cm-%h" -o ControlPersist=60 "root@$net.$n" "$@" </dev/null; }
guard() { ip route get $net.1 | grep -q "dev $link " || { echo "the link $link is down: not connecting" >&2; exit 1; }; }

network() {
  ip netns add $ns
  inside ip link set lo up
  inside ip link add br0 type bridge stp_state 0 forward_delay 0
  inside ip link set br0 up
  inside sysctl -qw net.bridge.bridge-nf-call-iptables=0
  ip link add $link type veth peer name uplink netns $ns
  inside ip link set uplink master br0 up
  ip addr add $net.254/24 dev $link
  ip link set $link up
}

write() { mkdir -p "$(dirname "$root/$1")"; cat >"$root/$1"; }

machine() { # N: disk and files of one machine, then boot
  local n=$1 dir=$work/m$1; root=$dir/root
  mkdir -p "$dir/upper" "$dir/work" "$root" "$dir/containers"
  mount -t overlay overlay -o "lowerdir=$base,upperdir=$dir/upper,workdir=$dir/work" "$root"
  printf '%032x\n' "$((n + 4096))" | write etc/machine-id
  echo "m$n" | write etc/hostname
  printf '[Match]\nName=host0\n[Network]\nAddress=%s/24\n' "$net.$n" | write etc/systemd/network/10-host0.network
  { printf '[Match]\nName=br-app\n[Network]\nAddress=10.91.%s.1/24\nConfigureWithoutCarrier=yes\n' "$n"; } | write etc/systemd/network/20-br-app.network
  printf '[NetDev]\nName=br-app\nKind=bridge\n' | write etc/systemd/network/20-br-app.netdev
  mkdir -p -m 700 "$root/root/.ssh"; cp "$work/id.pub" "$root/root/.ssh/authorized_keys"; chmod 600 "$root/root/.ssh/authorized_keys"
  printf '[containers]\nlog_driver = "journald"\n[network]\nfirewall_driver = "none"\n' | write etc/containers/containers.conf
  printf '{"name":"app","id":"%s","driver":"bridge","network_interface":"br-app","created":"2026-01-01T00:00:00Z","subnets":[{"subnet":"10.91.%s.0/24","gateway":"10.91.%s.1"}],"ipv6_enabled":false,"internal":false,"dns_enabled":false,"options":{"mode":"unmanaged"},"ipam_options":{"driver":"host-local"}}' \
    "$(printf app | sha256sum | cut -c1-64)" "$n" "$n" | write etc/containers/networks/app.json
  printf '[[registry]]\nlocation = "%s.1:5000"\ninsecure = true\n' "$net" | write etc/containers/registries.conf.d/floor.conf
  mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
  for s in web:10 api:11 client:12; do container "$n" "${s%%:*}" "${s##*:}" "$net.1:5000/floor:1"; done
  if [ "$n" = 1 ]; then
    printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/docker-registry}}\nhttp: {addr: ":5000"}\n' | write etc/docker/registry/config.yml
    ln -sf /usr/lib/systemd/system/docker-registry.service "$root/etc/systemd/system/multi-user.target.wants/"
  fi
  for c in $controllers; do
    d=$cg/$c/$ns-m$n; mkdir -p "$d"
    [ "$c" = cpuset ] && { cat $cg/cpuset/cpuset.cpus >"$d/cpuset.cpus"; cat $cg/cpuset/cpuset.mems >"$d/cpuset.mems"; echo 1 >"$d/cgroup.clone_children"; }
  done
  setsid bash -c "for c in $controllers; do echo \$\$ >$cg/\$c/$ns-m$n/cgroup.procs; done
    exec nsenter --net=/run/netns/$ns systemd-nspawn -q --register=no --keep-unit --console=pipe -M m$n -D $root --network-bridge=br0 \
      --bind=$dir/containers:/var/lib/containers --capability=all --system-call-filter='@keyring bpf' \
      /bin/sh -c 'for c in cpu cpuacct cpuset memory devices freezer blkio pids; do mount -o remount,bind,rw /sys/fs/cgroup/\$c; done; exec /lib/systemd/systemd'" \
    >"$dir/console.log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
}

container() { # N NAME HOST IMAGE
  printf '[Unit]\nAfter=network-online.target\nStartLimitIntervalSec=0\n[Container]\nContainerName=%s\nImage=%s\nNetwork=app\nIP=10.91.%s.%s\nStopTimeout=1\nPodmanArgs=--mac-address=02:00:0a:5b:%02x:%02x\n[Service]\nRestart=always\nRestartSec=200ms\nEnvironment=PODMAN_IGNORE_CGROUPSV1_WARNING=1\n[Install]\nWantedBy=multi-user.target\n' \
    "$2" "$4" "$1" "$3" "$1" "$3" | write "etc/containers/systemd/$2.container"
}

until_ok() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.05; done; echo "gave up on: $*" >&2; exit 1; }
nine() { local n; for n in 1 2 3; do [ "$(remote $n systemctl is-active web api client | grep -cx active)" = 3 ] || return 1; done; }

case $verb in
fleet)
  mkdir -p "$work"; [ -e "$work/id" ] || ssh-keygen -q -t ed25519 -N '' -f "$work/id"
  start=$(now)
  network
  for n in 1 2 3; do machine $n; done
  guard
  for n in 1 2 3; do until_ok remote $n true; done
  until_ok skopeo copy -q --dest-tls-verify=false "oci-archive:$archive" "docker://$net.1:5000/floor:1"
  until_ok nine
  echo $(($(now) - start))
  ;;
deploy)
  guard
  start=$(now)
  for n in 1 2 3; do
    { root=$work/q$n; container $n one 40 "$net.1:5000/floor:1"
      remote $n "cat >/etc/containers/systemd/one.container <<'Q'
$(cat "$root/etc/containers/systemd/one.container")
Q
systemctl daemon-reload; systemctl start one; until curl -sf -o /dev/null http://10.91.$n.40:8080/; do sleep 0.02; done"; } &
  done
  wait
  echo $(($(now) - start))
  for n in 1 2 3; do remote $n 'systemctl stop one; rm /etc/containers/systemd/one.container; systemctl daemon-reload'; done
  ;;
down)
  for n in 1 2 3; do
    dir=$work/m$n; [ -d "$dir" ] || continue
    for c in $controllers; do
      [ -d $cg/$c/$ns-m$n ] || continue
      for _ in $(seq 100); do
        pids=$(find $cg/$c/$ns-m$n -name cgroup.procs -exec cat {} + 2>/dev/null || true)
        [ -n "$pids" ] || break
        # shellcheck disable=SC2086
        kill -9 $pids 2>/dev/null || true; sleep 0.05
      done
    done
    for c in $controllers; do find $cg/$c/$ns-m$n -depth -type d -exec rmdir {} + 2>/dev/null || true; done
    mountpoint -q "$dir/root" && umount -l "$dir/root"
  done
  rm -rf --one-file-system "$work"
  ip link del $link 2>/dev/null || true
  ip netns del $ns 2>/dev/null || true
  ;;
esac
