import { BallastError } from '#base/errors.ts';
import type { Problem } from '#base/result.ts';
import type { Origins } from '#spec/model.ts';

interface Users {
  readonly services: readonly string[];
  readonly image: string;
}

/** Does something for an image. A failure says for which services it was, and where they name the image. */
export async function ofServices<T>(
  { services, image }: Users,
  origins: Origins,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BallastError) || error.code === 'interrupted') throw error;
    const problems = services.flatMap((service): Problem[] => {
      const at = origins[`services.${service}.image`];
      return at ? [{ code: 'compose/bad-image', what: `services.${service}.image: ${image}`, at }] : [];
    });
    throw new BallastError(error.code, `service ${services.join(', ')}: ${error.message}`, {
      ...error.detail,
      ...(problems.length > 0 ? { problems } : {}),
    });
  }
}
