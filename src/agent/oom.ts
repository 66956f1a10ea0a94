import { type FSWatcher, watch } from 'node:fs';
import { readFile } from 'node:fs/promises';

/**
 * Tells when the kernel killed something in a container for want of memory. Neither systemd nor podman say so when
 * the container is removed at its end, but conmon leaves a file of that name beside the running container.
 */
export function watchOom(container: string, onOom: () => void): () => void {
  let watcher: FSWatcher | undefined;
  let stopped = false;
  void readFile(`/run/${container}.cid`, 'utf8')
    .then((id) => {
      if (stopped) return;
      watcher = watch(`/run/libpod/persist/${id.trim()}`, (_event, file) => {
        if (file === 'oom') onOom();
      });
      watcher.on('error', () => {});
    })
    .catch(() => {});
  return () => {
    stopped = true;
    watcher?.close();
  };
}
