/** Why a text is no host name that ingress can serve; undefined when it is one. It is to be in small letters. */
export function hostNameProblem(text: string): string | undefined {
  const name = text.startsWith('*.') ? text.slice(2) : text;
  if (/^[a-z]+:\/\//.test(text)) return 'it is a URL';
  if (/[^\x20-\x7e]/.test(name)) return 'it has letters that DNS does not know; write it as xn--…';
  if (name.includes(':')) return 'it has a port; every name is served on 80 and 443';
  if (name.includes('/')) return 'it has a path; that is what path_prefix is for';
  if (name.includes('*')) return 'a star stands only for the whole first label: *.example.com';
  if (/^\d+(\.\d+)*$/.test(name)) return 'it is an address';
  if (name.length > 253) return 'it has more than 253 characters';
  const bad = name.split('.').find((label) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  if (bad === '') return 'it has an empty label';
  if (bad !== undefined) {
    return `${bad} is no label: letters, digits and dashes, at most 63, no dash first or last`;
  }
  return text.startsWith('*.') && !name.includes('.') ? 'it stands for a whole top level' : undefined;
}

/** Whether a name is one that a pattern such as `*.example.com` stands for, or the very same. */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  return (
    pattern.startsWith('*.') &&
    !host.startsWith('*.') &&
    host.slice(host.indexOf('.') + 1) === pattern.slice(2)
  );
}
