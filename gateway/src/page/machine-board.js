import { element, make } from './dom.js';
import { MinutePlot } from './minute-plot.js';

/** Without news for so long, the values are shown as old ones. */
const STALE_MS = 4_000;
const RATE_UNITS = ['B/s', 'kB/s', 'MB/s', 'GB/s'];

/**
 * One interface as the `net` event of the topic `system` has it; rates in bytes per second.
 * @typedef {{ iface: string, addresses: readonly string[], rate: { receive: number, send: number } | null }} Interface
 */

/** Live values of the topic `system`: the machine that runs the mesh. */
export class MachineBoard {
  #connection;
  #plots = {
    cpu_load: new MinutePlot(element('cpu_load-plot')),
    ram_usage: new MinutePlot(element('ram_usage-plot')),
  };
  #heardAt = 0;

  /** @param {import('./connection.js').Connection} connection */
  constructor(connection) {
    this.#connection = connection;
  }

  start() {
    this.#connection.hear('system', ({ event, payload }) => {
      if (event === 'update-node') this.#update(/** @type {{ el: string, value: unknown }} */ (payload));
      if (event === 'net') showNet(/** @type {readonly Interface[]} */ (payload));
    });
    setInterval(() => this.#age(), 1_000);
  }

  /** @param {{ el: string, value: unknown }} update */
  #update({ el, value }) {
    this.#heardAt = Date.now();
    const text = String(value);
    if (el === 'uptime') element(el).textContent = text;
    if (el === 'info_utc') element(el).textContent = text.slice(0, 19).replace('T', ' ');
    if (el !== 'cpu_load' && el !== 'ram_usage') return;
    element(el).textContent = text;
    const percent = Number.parseFloat(text);
    if (Number.isFinite(percent)) this.#plots[el].add(percent);
  }

  #age() {
    const silentMs = Date.now() - this.#heardAt;
    const stale = silentMs > STALE_MS;
    element('machine').classList.toggle('stale', stale);
    element('machine-note').textContent = staleText(this.#heardAt, silentMs, stale);
    if (stale) for (const plot of Object.values(this.#plots)) plot.draw();
  }
}

/**
 * @param {number} heardAt
 * @param {number} silentMs
 * @param {boolean} stale
 */
function staleText(heardAt, silentMs, stale) {
  if (!stale) return 'Live, every second.';
  return heardAt ? `No news for ${Math.round(silentMs / 1000)} s.` : 'Waiting for the first values…';
}

/** @param {readonly Interface[]} interfaces */
function showNet(interfaces) {
  const rows = interfaces.map(({ iface, addresses, rate }) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, iface, ' ', make('small', {}, addresses.join(' '))),
      make('td', {}, rateText(rate?.receive)),
      make('td', {}, rateText(rate?.send)),
    ),
  );
  element('net').replaceChildren(...rows);
}

/** @param {number | undefined} bytesPerSecond */
function rateText(bytesPerSecond) {
  if (bytesPerSecond === undefined) return '–';
  let value = bytesPerSecond;
  let unit = 0;
  while (value >= 1000 && unit < RATE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${RATE_UNITS[unit]}`;
}
