import { expect, it } from 'vitest';
import { BallastError } from '#base/errors.ts';
import { ofServices } from './of-services.ts';

const users = { services: ['a', 'b'], image: 'nginx:nosuchtag' };
const at = { file: 'compose.yaml', line: 3, column: 8 };

it('a failure says for which services the image was, and where it is named', async () => {
  const why = 'the registry knows no such image or tag';
  const fail = async () => {
    throw new BallastError('image-not-found', 'image nginx:nosuchtag does not exist', { why });
  };
  await expect(ofServices(users, { 'services.a.image': at }, fail)).rejects.toMatchObject({
    ...{ code: 'image-not-found', message: 'service a, b: image nginx:nosuchtag does not exist' },
    detail: { why, problems: [{ what: 'services.a.image: nginx:nosuchtag', at }] },
  });
  await expect(ofServices(users, {}, fail)).rejects.toMatchObject({ detail: { why } });
});

it('what goes well is left alone', async () => {
  expect(await ofServices(users, {}, async () => 7)).toBe(7);
});
