/** Where a machine of a test keeps images that it can pull from itself. */
const place = '127.0.0.1:5055';

/**
 * Starts a registry on the machine, and has an image pulled from it that nothing else uses. Prints its reference: what is
 * pushed is packed anew, so its digest is known only then.
 */
export const makeRegistry = `
  printf 'version: 0.1\\nstorage: { filesystem: { rootdirectory: /var/lib/test-registry } }\\nhttp: { addr: "${place}" }\\n' > /root/registry.yml
  systemd-run -q --unit test-registry docker-registry serve /root/registry.yml
  printf '[[registry]]\\nlocation = "${place}"\\ninsecure = true\\n' > /etc/containers/registries.conf.d/99-test.conf
  tar -C /tmp/root -c . | podman import --quiet --change 'LABEL of=w3' - ${place}/box:1 >/dev/null
  for try in 1 2 3 4 5 6 7 8 9 10; do
    podman push --quiet --digestfile /root/digest ${place}/box:1 2>/dev/null && break; sleep 0.5
  done
  podman rmi ${place}/box:1 >/dev/null; podman pull --quiet ${place}/box@$(cat /root/digest) >/dev/null
  echo ${place}/box@$(cat /root/digest)`;
