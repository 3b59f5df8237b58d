/**
 * Where a path of the mesh is in this browser: a proxy may serve the whole mesh under a path of its own.
 * @param {string} path begins with a slash
 */
export function addressOf(path) {
  return new URL(`.${path}`, document.baseURI).pathname;
}
