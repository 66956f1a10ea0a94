import { BallastError } from '#base/errors.ts';
import type { Release } from '#plan/model.ts';
import { companionsOf } from '#plan/schedule/together.ts';
import type { ServiceModel } from '#spec/model.ts';
import { unknown } from './context.ts';

/** The services of a release with other numbers of replicas. What shares the network of one is scaled with it. */
export function scaled(
  base: Release,
  wanted: Readonly<Record<string, number>>,
): Readonly<Record<string, ServiceModel>> {
  const services: Record<string, ServiceModel> = { ...base.model.services };
  for (const [name, replicas] of Object.entries(wanted)) {
    const service = base.model.services[name];
    if (service === undefined)
      throw unknown(`service in ${base.app}`, name, Object.keys(base.model.services));
    refuseFixed(service);
    for (const one of [service, ...companionsOf(base, name)]) {
      services[one.name] = { ...one, deploy: { ...one.deploy, replicas } };
    }
  }
  return services;
}

function refuseFixed({ name, deploy, networkOf }: ServiceModel): void {
  if (networkOf !== undefined) {
    throw new BallastError('usage', `${name} cannot be scaled by itself`, {
      why: `one of it stands beside each replica of ${networkOf}, whose network it shares`,
      fix: `scale ${networkOf}, and ${name} follows`,
    });
  }
  if (deploy.mode === 'global' || deploy.mode === 'global-job') {
    throw new BallastError('usage', `${name} runs once on every machine and cannot be scaled`, {
      why: `its \`deploy.mode\` is ${deploy.mode}`,
    });
  }
}
