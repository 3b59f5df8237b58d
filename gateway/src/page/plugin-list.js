import { addressOf } from './address.js';
import { element, make } from './dom.js';

const REFRESH_MS = 2_000;
/** Links of the masthead, by id, to plugins that have a page. */
const LINKS = { account: 'accounts', endpoints: 'endpoints' };

/**
 * A plugin as `GET /mesh/plugins` shows it to a stranger or to an operator.
 * @typedef {{ code: string, message: string, lines: readonly string[], fix?: string }} Failure
 * @typedef {{ id: string, title?: string, enabled?: boolean, state: string, reason?: string, failure?: Failure, guard?: string,
 *   prefix?: string, instances?: readonly unknown[], middleware?: { phase: string, order: number } }} Plugin
 */

/** Which plugins run and how they are, asked again every two seconds while somebody looks. */
export class PluginList {
  #url;
  #live;
  #shown = '';
  /** @type {number | undefined} when the mesh last answered, ms */
  #answeredAt;

  /**
   * @param {string} url
   * @param {import('./live-values.js').LiveValues} live
   */
  constructor(url, live) {
    this.#url = url;
    this.#live = live;
  }

  start() {
    document.addEventListener('visibilitychange', () => void this.#refresh());
    setInterval(() => void this.#refresh(), REFRESH_MS);
    void this.#refresh();
  }

  async #refresh() {
    if (document.hidden) return;
    try {
      const response = await fetch(this.#url, { signal: AbortSignal.timeout(REFRESH_MS), cache: 'no-store' });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const { plugins } = await response.json();
      this.#answeredAt = Date.now();
      this.#show(plugins);
    } catch {
      this.#showSilence();
    }
  }

  /** @param {readonly Plugin[]} plugins */
  #show(plugins) {
    element('plugins-note').textContent = countText(plugins);
    const text = JSON.stringify(plugins);
    // Nothing new: leave the elements alone, and with them focus and selection.
    if (text === this.#shown) return;
    this.#shown = text;
    const list = element('plugin-list');
    for (const [link, id] of Object.entries(LINKS))
      element(link).hidden = !plugins.some((plugin) => plugin.id === id && isReady(plugin));
    this.#live.keep(plugins.filter(isReady).map(({ id }) => id));
    list.replaceChildren(...plugins.map((plugin) => renderPlugin(plugin, this.#live)));
    list.removeAttribute('aria-busy');
  }

  #showSilence() {
    const seconds = this.#answeredAt && Math.round((Date.now() - this.#answeredAt) / 1000);
    element('plugins-note').textContent = seconds
      ? `The control process does not answer. This was so ${seconds} s ago.`
      : 'The control process does not answer yet.';
  }
}

/** @param {readonly Plugin[]} plugins */
function countText(plugins) {
  if (plugins.length === 0) return 'None yet. Put a folder with a plugin.json under services/.';
  // In production strangers are told the state alone.
  const wanted = plugins.filter(({ enabled, state }) => enabled ?? state !== 'disabled');
  const ready = wanted.filter(isReady).length;
  return ready === wanted.length ? 'All ready.' : `${ready} of ${wanted.length} ready.`;
}

/** @param {Plugin} plugin */
function isReady({ state }) {
  return state === 'ready';
}

/**
 * @param {Plugin} plugin
 * @param {import('./live-values.js').LiveValues} live
 */
function renderPlugin(plugin, live) {
  const { id, title = id, enabled, state, reason, guard } = plugin;
  const prefix = plugin.prefix && addressOf(plugin.prefix);
  const name = prefix && enabled && guard === 'public' ? make('a', { href: `${prefix}/` }, title) : title;
  const item = make('li', { 'data-state': state, 'data-plugin': id }, make('strong', {}, name));
  item.append(make('span', { class: 'state' }, state));
  if (prefix) item.append(make('code', {}, prefix));
  const details = [guard, instancesText(plugin.instances), middlewareText(plugin)].filter(Boolean).join(', ');
  if (details) item.append(make('span', { class: 'details' }, details));
  if (isReady(plugin)) item.append(live.lineOf(id));
  if (reason) item.append(reasonOf(plugin));
  return item;
}

/** @param {Plugin} plugin */
function reasonOf({ reason = '', failure }) {
  if (!failure) return make('p', { class: 'reason' }, reason);
  const { code, message, lines, fix } = failure;
  const item = make('div', { class: 'reason' }, `${code}: ${message}`);
  if (lines.length > 0) item.append(make('pre', {}, lines.join('\n')));
  if (fix) item.append(make('p', { class: 'fix' }, fix));
  return item;
}

/** @param {Plugin} plugin */
function middlewareText({ middleware }) {
  return middleware ? `middleware, ${middleware.phase} (${middleware.order})` : '';
}

/** @param {readonly unknown[] | undefined} instances */
function instancesText(instances) {
  return instances && instances.length > 1 ? `${instances.length} instances` : '';
}
