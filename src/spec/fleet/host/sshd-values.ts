/** What a setting takes: a pattern for the whole of its value, and the same in words. */
export interface SshdValue {
  readonly fits: (value: string) => boolean;
  readonly is: string;
}

const oneOf = (...words: readonly string[]): SshdValue => ({
  fits: (value) => words.includes(value.toLowerCase()),
  is: words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`,
});

const number = (min: number, max: number, is: string): SshdValue => ({
  fits: (value) => /^\d{1,10}$/.test(value) && Number(value) >= min && Number(value) <= max,
  is,
});

const time: SshdValue = {
  fits: (value) => /^(\d+[smhdw]?)+$/i.test(value),
  is: 'seconds, or a time such as 2m',
};
const count = number(0, 2_147_483_647, 'a whole number');
const truth = oneOf('yes', 'no');

const truths = `
AllowAgentForwarding DisableForwarding ExposeAuthInfo GSSAPIAuthentication GSSAPICleanupCredentials
GSSAPIStrictAcceptorCheck HostbasedAuthentication HostbasedUsesNameFromPacketOnly IgnoreUserKnownHosts
KbdInteractiveAuthentication KerberosAuthentication KerberosGetAFSToken KerberosOrLocalPasswd KerberosTicketCleanup
PasswordAuthentication PermitEmptyPasswords PermitTTY PermitUserRC PrintLastLog PrintMotd PubkeyAuthentication
StreamLocalBindUnlink StrictModes TCPKeepAlive UseDNS UsePAM X11Forwarding X11UseLocalhost
`
  .trim()
  .split(/\s+/);

const levels = ['quiet', 'fatal', 'error', 'info', 'verbose', 'debug', 'debug1', 'debug2', 'debug3'];
const forwarding = oneOf('yes', 'no', 'all', 'local', 'remote');

/** Settings whose values can be judged without the server. What is not here, the server judges on the machine. */
export const sshdValues: ReadonlyMap<string, SshdValue> = new Map<string, SshdValue>([
  ...truths.map((name): [string, SshdValue] => [name, truth]),
  ['AddressFamily', oneOf('any', 'inet', 'inet6')],
  ['AllowStreamLocalForwarding', forwarding],
  ['AllowTcpForwarding', forwarding],
  ['ClientAliveCountMax', count],
  ['ClientAliveInterval', time],
  ['Compression', oneOf('yes', 'no', 'delayed')],
  ['FingerprintHash', oneOf('md5', 'sha256')],
  ['GatewayPorts', oneOf('yes', 'no', 'clientspecified')],
  ['IgnoreRhosts', oneOf('yes', 'no', 'shosts-only')],
  ['LogLevel', oneOf(...levels)],
  ['LoginGraceTime', time],
  ['MaxAuthTries', number(1, 2_147_483_647, 'a whole number of at least 1')],
  ['MaxSessions', count],
  [
    'MaxStartups',
    { fits: (value) => /^\d+(:\d+:\d+)?$/.test(value), is: 'a whole number, or three such as 10:30:100' },
  ],
  ['PermitRootLogin', oneOf('yes', 'no', 'prohibit-password', 'without-password', 'forced-commands-only')],
  ['PermitTunnel', oneOf('yes', 'no', 'point-to-point', 'ethernet')],
  ['Port', number(1, 65_535, 'a port: 1 to 65535')],
  ['RequiredRSASize', number(1024, 65_536, 'a number of bits: 1024 or more')],
  ['X11DisplayOffset', count],
]);
