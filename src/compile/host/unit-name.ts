/** The name that systemd gives to the unit of a path: `/srv/my-data` -> `srv-my\x2ddata`. */
export function unitNameOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return '-';
  return parts
    .map((part, index) =>
      [...part]
        .map((letter, at) =>
          /[A-Za-z0-9:_]/.test(letter) || (letter === '.' && (index > 0 || at > 0))
            ? letter
            : escapedBytes(letter),
        )
        .join(''),
    )
    .join('-');
}

const escapedBytes = (letter: string): string =>
  [...new TextEncoder().encode(letter)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
