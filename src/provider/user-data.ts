import { executablePath } from '#base/agent-paths.ts';
import { agentFiles } from './agent-seed.ts';
import { neededPackages } from './ssh/findings.ts';
import { installLines } from './ssh/prepare.ts';
import { quote, quoteAll } from './ssh/quote.ts';

export interface UserDataParts {
  /** URL that the machine is to dial. */
  readonly server: string;
  /** The name its certificate has, whatever address it is reached by. */
  readonly serverName: string;
  /** PEM of the fleet's certificate authority. */
  readonly ca: string;
  readonly token: string;
  /** SHA-256 of the executable that the server gives out for the token. */
  readonly digest: string;
  /** When the token ends, ms since the epoch. */
  readonly expiresAt: number;
  /** Whom the token lets in, for who reads the document. */
  readonly whom: string;
}

const caPath = '/etc/ballast/join-ca.pem';
const headerPath = '/etc/ballast/join-header';
const scriptPath = '/usr/local/sbin/ballast-join';
const joinUnit = 'ballast-join.service';
const joinUnitPath = `/etc/systemd/system/${joinUnit}`;

/**
 * A cloud-init document by which a machine joins on its own: it installs what it lacks from its own distribution,
 * fetches the executable from the fleet's server and nowhere else, believes only the fleet's authority and only that
 * digest, and starts the agent. The only secret in it is the token.
 */
export function userData(parts: UserDataParts): string {
  const { server, ca, token, expiresAt, whom } = parts;
  const until = showTime(expiresAt);
  const files = [
    ...agentFiles({ server, ca, token }),
    { path: caPath, mode: 0o600, content: ca },
    { path: headerPath, mode: 0o600, content: `Authorization: Bearer ${token}\n` },
    { path: scriptPath, mode: 0o700, content: joinScript(parts) },
    { path: joinUnitPath, mode: 0o644, content: unitText },
  ];
  return [
    '#cloud-config',
    `# Lets in ${whom}, until ${until}. Whoever has this document until then can join in their place.`,
    'write_files:',
    ...files.flatMap(({ path, mode, content = '' }) => [
      `  - path: ${path}`,
      `    permissions: '0${mode.toString(8)}'`,
      '    content: |',
      ...content
        .trimEnd()
        .split('\n')
        .map((line) => (line === '' ? '' : `      ${line}`)),
    ]),
    'runcmd:',
    `  - [systemctl, enable, --now, --no-block, ${joinUnit}]`,
    '',
  ].join('\n');
}

/** Tried again until it has worked or the token has ended: servers and networks are late sometimes. */
const unitText = `[Unit]
Description=Join the fleet
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart=${scriptPath}
Restart=on-failure
RestartSec=5
TimeoutStartSec=30min

[Install]
WantedBy=multi-user.target
`;

function joinScript({ server, serverName, digest, expiresAt }: UserDataParts): string {
  const url = new URL(server);
  const port = url.port === '' ? '443' : url.port;
  const fresh = `${executablePath}.new`;
  const sum = quote(`${digest}  ${executablePath}`);
  const packages = [...neededPackages, 'curl'].sort();
  return `#!/bin/sh
# Puts the fleet's agent on this machine and starts it. Can be run again at any point.
set -eu
umask 077
export LC_ALL=C
finish() {
  systemctl disable --quiet ${joinUnit}
  rm -f ${quoteAll([caPath, headerPath, joinUnitPath, scriptPath])}
}
if [ "$(date +%s)" -ge ${Math.floor(expiresAt / 1000)} ]; then
  echo 'the token of this machine ended at ${showTime(expiresAt)}: make it anew with a fresh document' >&2
  finish
  exit 0
fi
missing=
for package in ${packages.join(' ')}; do
  case $(dpkg-query -W -f='\${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing="$missing $package" ;;
  esac
done
if [ -n "$missing" ]; then
${indented(installLines('$missing'))}
fi
if ! echo ${sum} | sha256sum --check --status 2>/dev/null; then
  curl --fail --silent --show-error --proto =https --connect-timeout 10 --max-time 1200 \\
    --noproxy '*' --cacert ${caPath} --header @${headerPath} \\
    --connect-to ${serverName}:${port}:${url.hostname}:${port} \\
    --output ${fresh} https://${serverName}:${port}/v1/executables/${digest}
  echo ${quote(`${digest}  ${fresh}`)} | sha256sum --check --status || {
    rm -f ${fresh}
    echo 'what the server gave is not the executable that was promised' >&2
    exit 1
  }
  chmod 755 ${fresh}
  mv -fT ${fresh} ${executablePath}
fi
systemctl daemon-reload
systemctl enable --quiet ballast-agent.service
systemctl start --no-block ballast-agent.service
finish
`;
}

const indented = (text: string): string =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

const showTime = (time: number): string => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
