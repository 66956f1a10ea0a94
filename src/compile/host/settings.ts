import type { Resource } from '#compile/manifest.ts';
import { debianPackage } from '#compile/resources.ts';
import type { HostJournalModel } from '#spec/host-model.ts';
import type { Asked } from './asked.ts';
import { settingsFile } from './files.ts';

export function timezoneResources({ host: { timezone }, origin }: Asked): Resource[] {
  if (timezone === undefined) return [];
  return [
    debianPackage(origin('timezone'), 'tzdata'),
    {
      kind: 'timezone',
      id: 'timezone:machine',
      zone: timezone,
      after: ['package:tzdata'],
      origin: origin('timezone'),
    },
  ];
}

export function trustResources({ host, origin }: Asked): Resource[] {
  const certificates = Object.entries(host.certificates);
  if (certificates.length === 0) return [];
  return [
    debianPackage(origin('certificates'), 'ca-certificates'),
    ...certificates.map(
      ([name, certificate]): Resource => ({
        kind: 'trust',
        id: `trust:${name}`,
        name,
        certificate,
        after: ['package:ca-certificates'],
        origin: origin('certificates', name),
      }),
    ),
  ];
}

export function journalResources({ host: { journal }, origin }: Asked): Resource[] {
  const text = journalText(journal);
  if (text === '') return [];
  return [
    settingsFile(
      origin('journal'),
      '/etc/systemd/journald.conf.d/50-ballast.conf',
      `[Journal]\n${text}`,
      // It keeps the streams of running services over a restart.
      { afterwards: [['systemctl', 'restart', 'systemd-journald.service']] },
    ),
  ];
}

function journalText(journal: HostJournalModel): string {
  const lines: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ['SystemMaxUse', journal.maxUseBytes],
    ['SystemKeepFree', journal.keepFreeBytes],
    ['SystemMaxFileSize', journal.maxFileBytes],
    ['MaxRetentionSec', journal.maxAgeMs === undefined ? undefined : Math.ceil(journal.maxAgeMs / 1_000)],
    ['Storage', journal.storage],
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
