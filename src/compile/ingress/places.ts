/** Where ingress keeps what on a machine. */
export const ingressAccount = 'ballast-ingress';
export const ingressFolder = '/etc/ballast/ingress';
export const configPath = `${ingressFolder}/caddy.json`;
export const reloadPath = `${ingressFolder}/reload`;
export const certificatesFolder = `${ingressFolder}/certificates`;
export const challengesFolder = `${ingressFolder}/challenges`;
export const runFolder = '/run/ballast-ingress';
export const ingressPorts: readonly number[] = [80, 443];

/** A star is no good name for a file. */
export const certificateName = (host: string): string => host.replace('*', '_');
