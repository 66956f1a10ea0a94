const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const host =
  '(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*(?::\\d{1,5})?';
const reference = new RegExp(
  `^(?:${host}/)?${component}(?:/${component})*(?::\\w[\\w.-]{0,127})?(?:@sha256:[a-f0-9]{64})?$`,
);

/** What is wrong with an image reference, as `[what, fix]`; undefined when it is sound. */
export function imageProblem(image: string): readonly [what: string, fix: string] | undefined {
  if (image.trim() === '') return ['image is empty', 'name an image, or build one with build'];
  if (reference.test(image) && image.length <= 255) return undefined;
  const what = `${JSON.stringify(image)} is no image reference`;
  if (/\s/.test(image)) return [what, 'remove the space'];
  if (reference.test(image.toLowerCase()))
    return [what, `names of images are in small letters: ${image.toLowerCase()}`];
  return [what, 'for example nginx:1.29, registry.example.com:5000/shop/web:2 or web@sha256:…'];
}
