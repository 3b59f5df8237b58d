/** Where the mesh is in this browser: a proxy may serve it under a path of its own. Ends in a slash. */
export const ROOT = new URL('../../', import.meta.url);
