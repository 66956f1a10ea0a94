/** One way of changing a machine by hand that is drift. All are shell: they run on the machine itself. */
export interface Change {
  readonly name: string;
  readonly harm: string;
  /** Succeeds when the machine is as declared. */
  readonly right: string;
  /** The resource that events name. */
  readonly subject: string;
}

export interface Held {
  /** Files with this content in /etc/bench, and the services of the job. */
  readonly file: { readonly path: string; readonly content: string };
  readonly unit: { readonly name: string; readonly file: string };
  readonly user: string;
  readonly sysctl: { readonly key: string; readonly value: string };
  readonly container: { readonly name: string; readonly url: string };
}

const tables = ['ballast', 'ballast_host'] as const;

/** One change of each kind to what a machine holds: of files, of units, of the system and of containers. */
export function changesTo({ file, unit, user, sysctl, container }: Held): readonly Change[] {
  const content = `[ "$(cat ${file.path} 2>&1)" = '${file.content.trim()}' ]`;
  const setting = `/proc/sys/${sysctl.key.replaceAll('.', '/')}`;
  const quadlet = `/etc/containers/systemd/ballast/${container.name}.container`;
  const runs = `systemctl -q is-active ${unit.name}`;
  const serves = `curl -s -o /dev/null -m 1 ${container.url}`;
  const ofFile = { subject: `file:${file.path}` };
  const ofUnit = { subject: `unit:${unit.name}` };
  const ofContainer = { subject: `container:${container.name}` };
  return [
    { name: 'content of a file', harm: `echo other > ${file.path}`, right: content, ...ofFile },
    {
      ...{ name: 'mode of a file', harm: `chmod 777 ${file.path}`, ...ofFile },
      right: `[ $(stat -c %a ${file.path}) = 644 ]`,
    },
    { name: 'file removed', harm: `rm ${file.path}`, right: content, ...ofFile },
    {
      ...{ name: 'kernel setting', harm: `echo 99 > ${setting}`, subject: `sysctl:${sysctl.key}` },
      right: `[ $(cat ${setting}) = ${sysctl.value} ]`,
    },
    { name: 'unit stopped', harm: `systemctl stop ${unit.name}`, right: runs, ...ofUnit },
    {
      ...{ name: 'unit disabled', harm: `systemctl -q --no-reload disable ${unit.name}`, ...ofUnit },
      right: `systemctl -q is-enabled ${unit.name}`,
    },
    {
      ...{ name: 'unit file edited', harm: `echo '# mine' >> ${unit.file}`, subject: `file:${unit.file}` },
      right: `! grep -q mine ${unit.file} && ${runs}`,
    },
    {
      ...{ name: 'user made an administrator', harm: `usermod -aG sudo ${user}`, subject: `user:${user}` },
      right: `! id -nG ${user} | grep -qw sudo`,
    },
    ...tables.map((table) => ({
      ...{ name: `firewall flushed (${table})`, harm: `nft flush table inet ${table}` },
      ...{
        right: `nft list table inet ${table} | grep -q 'ct state established'`,
        subject: `firewall:inet/${table}`,
      },
    })),
    { name: 'container stopped', harm: `systemctl stop ${container.name}`, right: serves, ...ofContainer },
    {
      ...{ name: 'container removed', harm: `podman rm -f -t 0 ${container.name}`, ...ofContainer },
      right: serves,
    },
    {
      ...{ name: 'Quadlet edited', harm: `echo '# mine' >> ${quadlet}`, ...ofContainer },
      right: `! grep -q mine ${quadlet} && ${serves}`,
    },
  ];
}

/**
 * Makes a change and waits until all is as declared; prints when it began and when it was right, in ms since the epoch.
 * Both are taken on the machine itself. It looks 50 times a second: oftener would take the time from who is to repair.
 */
export const changeScript = ({ harm, right }: Change, tries: number): string => `
began=$(date +%s%3N)
{ ${harm}
} >/dev/null 2>&1
for try in $(seq ${tries}); do
  { ${right}
  } >/dev/null 2>&1 && { echo "$began $(date +%s%3N)"; exit 0; }
  sleep 0.02
done
exit 1`;
