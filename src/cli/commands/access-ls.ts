import { showDuration } from '#base/duration.ts';
import { command, outputFlag } from '#cli/command.ts';
import { connect } from '#cli/connect.ts';
import { showAge } from '#cli/render/age.ts';
import { printListing } from '#cli/render/output.ts';
import type { AccessView, CertificateView, RuleView } from '#wire/access-views.ts';

export const accessLs = command({
  details: `Rules come from access: in the fleet file, or were granted by command. With --certificates it lists the
certificates that have not expired instead.`,
  args: [],
  flags: {
    certificates: { kind: 'switch', summary: 'the certificates that are out' },
    ...outputFlag,
  },
  examples: [
    { does: 'Who may log in where', line: 'ballast access ls' },
    { does: 'Which certificates are out', line: 'ballast access ls --certificates' },
  ],
  async run({ flags }, shell) {
    const client = await connect(flags, shell);
    const view = await client.call('listAccess', {}, { signal: shell.signal });
    const { now } = shell;
    const print = flags.certificates
      ? printListing(certificateListing(view, now()), flags, shell)
      : printListing(ruleListing(view, now()), flags, shell);
    await print;
    return 0;
  },
});

const ruleListing = (view: AccessView, now: number) => ({
  rows: view.rules,
  data: { ...view },
  name: ({ who }: RuleView) => who,
  empty: 'Nobody may log in. Let somebody in: ballast access grant WHO --machines GLOB --as ACCOUNT',
  columns: [
    { title: 'WHO', cell: ({ who }: RuleView) => who },
    { title: 'AS', cell: ({ as }: RuleView) => as },
    { title: 'MACHINES', cell: ({ machines }: RuleView) => machines.join(',') },
    { title: 'SUDO', cell: ({ sudo }: RuleView) => sudo.join(', ') },
    { title: 'TTL', cell: ({ ttlMs }: RuleView) => showDuration(ttlMs) },
    { title: 'FROM', cell: ({ from }: RuleView) => (from.length === 0 ? 'anywhere' : from.join(',')) },
    { title: 'STATUS', cell: ({ suspended }: RuleView) => (suspended ? 'revoked' : 'in force') },
    { title: 'ORIGIN', cell: (rule: RuleView) => originWord(rule, now) },
    { title: 'COMMAND', cell: ({ command: only }: RuleView) => only ?? '', wide: true },
    { title: 'REACHES', cell: ({ reaches }: RuleView) => reaches.join(','), wide: true },
  ],
});

const originWord = ({ origin, grant }: RuleView, now: number): string =>
  grant === undefined ? origin : `${origin} (${grant.by}, ${showAge(now - grant.at)} ago)`;

const certificateListing = (view: AccessView, now: number) => ({
  rows: view.certificates,
  data: { certificates: view.certificates },
  name: ({ serial }: CertificateView) => String(serial),
  empty: 'No certificate is out.',
  columns: [
    { title: 'CERTIFICATE', cell: ({ serial }: CertificateView) => String(serial), right: true },
    { title: 'WHO', cell: ({ who }: CertificateView) => who },
    { title: 'FOR', cell: ({ principals }: CertificateView) => principals.map(placeOf).join(', ') },
    { title: 'ISSUED', cell: ({ at }: CertificateView) => `${showAge(now - at)} ago` },
    { title: 'ENDS IN', cell: ({ expiresAt }: CertificateView) => showAge(expiresAt - now) },
    { title: 'STATUS', cell: ({ revoked }: CertificateView) => (revoked ? 'revoked' : 'in force') },
    { title: 'BY', cell: ({ by }: CertificateView) => by, wide: true },
  ],
});

/** The account, and the machine where it is one only. */
const placeOf = (principal: string): string => principal.slice(principal.indexOf('/') + 1);
