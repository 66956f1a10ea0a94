import { expect, test } from 'vitest';
import { picture } from './control/releases.ts';
import { createMetrics } from './metrics.ts';
import { testControl } from './testing/control.ts';

test('metrics are lines that Prometheus reads, each family with its help and type', async () => {
  const control = await testControl(2);
  control.offline.add('app-2');
  const metrics = createMetrics();
  metrics.count('status', 200);
  metrics.count('status', 200);
  const text = metrics.text(picture(control), { version: '1.2.3', epoch: 4 });
  for (const line of text.trimEnd().split('\n')) {
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? [\d.e+-]+)$/);
  }
  expect(text).toContain('ballast_machines{status="online"} 1\n');
  expect(text).toContain('ballast_requests_total{operation="status",status="200"} 2\n');
  expect(text).toContain('ballast_info{version="1.2.3"} 1\n');
});
