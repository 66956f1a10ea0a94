export const sshFolder = '/etc/ssh/ballast';
export const principalsFolder = `${sshFolder}/principals`;
export const userCaPath = `${sshFolder}/user_ca.pub`;
export const revokedPath = `${sshFolder}/revoked`;
export const hostCertificatePath = (name: string): string => `${sshFolder}/ssh_host_${name}_key-cert.pub`;

/**
 * What sshd is told. It takes the first value it reads of each setting, and reads this file before the others of
 * its folder. A certificate opens only accounts that have a file of principals; the keys of `closed` accounts count
 * for nothing. Verbose, since else sshd does not say which certificates it refused.
 */
export const sshdText = (hostCertificates: readonly string[], closed: readonly string[]): string =>
  `# Kept by Ballast: who may log in, the fleet's access rules say.
TrustedUserCAKeys ${userCaPath}
AuthorizedPrincipalsFile ${principalsFolder}/%u
RevokedKeys ${revokedPath}
${hostCertificates.map((path) => `HostCertificate ${path}\n`).join('')}PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
LogLevel VERBOSE
${closed.length === 0 ? '' : `Match User ${closed.join(',')}\n\tAuthorizedKeysFile none\n`}`;
