import { quote, quoteAll } from './quote.ts';

/** A file as it is to be on a machine. Exactly one of `base64`, `linkTo` and `source` says what is in it. */
export interface RemoteFile {
  readonly path: string;
  readonly mode: number;
  readonly base64?: string;
  readonly linkTo?: string;
  /** A file of this computer that travels by itself. */
  readonly source?: string;
  /** `file MODE SHA256` or `link TARGET`, as the state script prints it when the file is there. */
  readonly state: string;
}

/** Prints for each path that is there a line with the path, a tab, and `file MODE SHA256` or `link TARGET`. */
export const stateScript = (paths: readonly string[]): string => `
for path in ${quoteAll(paths)}; do
  if [ -L "$path" ]; then printf '%s\\tlink %s\\n' "$path" "$(readlink "$path")"
  elif [ -f "$path" ]; then
    printf '%s\\tfile %s %s\\n' "$path" "$(stat -c %a "$path")" "$(sha256sum <"$path" | cut -d ' ' -f 1)"
  fi
done
`;

/** Writes files and sees to it that the unit runs with them. Safe to be cut off at any line and run again. */
export function writeScript(
  files: readonly RemoteFile[],
  { unit, restart }: { readonly unit: string; readonly restart: boolean },
): string {
  return [
    'set -e',
    ...files.flatMap(writeLines),
    ...(restart ? ['systemctl daemon-reload'] : []),
    `systemctl enable --quiet ${quote(unit)}`,
    `systemctl ${restart ? 'restart' : 'start'} ${quote(unit)}`,
    '',
  ].join('\n');
}

function writeLines({ path, mode, base64 = '', linkTo }: RemoteFile): string[] {
  const fresh = `${path}.new`;
  const dir = path.slice(0, path.lastIndexOf('/')) || '/';
  const make =
    linkTo === undefined
      ? [
          `(umask 077; base64 -d >${quote(fresh)} <<'END_OF_FILE'`,
          ...(base64.match(/.{1,76}/g) ?? []),
          'END_OF_FILE',
          ')',
          `chmod ${mode.toString(8)} ${quote(fresh)}`,
        ]
      : [`ln -sfn ${quoteAll([linkTo, fresh])}`];
  return [`mkdir -p ${quote(dir)}`, ...make, `mv -fT ${quoteAll([fresh, path])}`];
}

interface Removal {
  /** Stays when somebody else runs it: the control plane may be on the same machine. */
  readonly executable: string;
  /** What the agent holds, as it wrote it down: a JSON object. */
  readonly ledger: string;
  readonly paths: readonly string[];
  /** Removed as far as they are empty. */
  readonly directories: readonly string[];
}

/** Stops and forgets the agent's unit, has it drop what it still holds, and removes what belongs to it. */
export const removeScript = (
  unit: string,
  { executable, ledger, paths, directories }: Removal,
): string => `set -e
if systemctl cat ${quote(unit)} >/dev/null 2>&1; then systemctl disable --now --quiet ${quote(unit)}; fi
if [ -x ${quote(executable)} ] && [ -s ${quote(ledger)} ] && [ "$(cat ${quote(ledger)})" != '{}' ]; then
  ${quote(executable)} agent --leave </dev/null
fi
rm -rf -- ${quoteAll(paths)}
used=
for exe in /proc/[0-9]*/exe; do
  if [ "$(readlink "$exe" 2>/dev/null)" = ${quote(executable)} ]; then used=yes; fi
done
if [ -z "$used" ]; then rm -f -- ${quote(executable)}; fi
find ${quoteAll(directories)} -depth -type d -empty -delete 2>/dev/null || true
systemctl daemon-reload
`;
