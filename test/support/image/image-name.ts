/** What an image may be called in a docker archive: a reference with a tag and without a digest. */

// The grammar of distribution/reference: host and port, then the path, then the tag.
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const HOST = `${LABEL}(?:\\.${LABEL})*(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const NAME = new RegExp(`^(?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*:\\w[\\w.-]{0,127}$`);

/** @throws where `docker load` would reject it */
export function checkImageName(name: string): void {
  if (NAME.test(name)) return;
  const why = name.includes('@') ? 'has a digest, which the archive decides' : 'is no image reference with a tag';
  throw new Error(`'${name}' ${why}. Name the image as in quay.io/cephcsi/cephcsi:v3.14.0.`);
}
