import { addPath, prepareDrawing, traceCurve } from './curve.js';

const SPAN_MS = 60_000;
/** A longer silence is a gap. */
const GAP_MS = 3_500;

/** A curve of the last minute between 0 and 100, in an `<svg>` of any size. */
export class MinutePlot {
  /** @type {import('./curve.js').Sample[]} */
  #samples = [];
  #area;
  #line;

  /** @param {Element} svg */
  constructor(svg) {
    prepareDrawing(svg);
    this.#area = addPath(svg, 'area');
    this.#line = addPath(svg, 'curve');
  }

  /**
   * @param {number} value
   * @param {number} [at] milliseconds
   */
  add(value, at = Date.now()) {
    this.#samples.push({ at, value: Math.min(100, Math.max(0, value)) });
    this.draw(at);
  }

  /** @param {number} [now] milliseconds */
  draw(now = Date.now()) {
    this.#samples = this.#samples.filter(({ at }) => now - at <= SPAN_MS + GAP_MS);
    const frame = { from: now - SPAN_MS, to: now, lowest: 0, highest: 100, gapMs: GAP_MS };
    const { line, area } = traceCurve(this.#samples, frame);
    this.#line.setAttribute('d', line);
    this.#area.setAttribute('d', area);
  }
}
