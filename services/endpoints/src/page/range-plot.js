import { addPath, prepareDrawing, traceCurve } from '../../../page/curve.js';

/** More curves than this tell nobody anything. */
const MOST_CURVES = 20;

/**
 * A curve and what it is called.
 * @typedef {{ name: string, samples: readonly import('../../../page/curve.js').Sample[] }} Series
 */

/** Curves over a stretch of time, in an `<svg>` of any size, as high as their values are. */
export class RangePlot {
  #svg;

  /** @param {Element} svg */
  constructor(svg) {
    this.#svg = svg;
    prepareDrawing(svg);
  }

  /**
   * Draws these instead of what was drawn, and answers between which values.
   * @param {readonly Series[]} series
   * @param {{ from: number, to: number, gapMs: number }} times
   */
  draw(series, times) {
    for (const path of this.#svg.querySelectorAll('.curve, .area')) path.remove();
    const drawn = series.slice(0, MOST_CURVES);
    const bounds = boundsOf(drawn);
    for (const { name, samples } of drawn) {
      const { line, area } = traceCurve(samples, { ...times, ...bounds });
      if (drawn.length === 1) addPath(this.#svg, 'area').setAttribute('d', area);
      const curve = addPath(this.#svg, 'curve');
      curve.setAttribute('d', line);
      curve.append(titleOf(name));
    }
    return bounds;
  }
}

/**
 * From zero where nothing is below it; never of no height.
 * @param {readonly Series[]} series
 */
function boundsOf(series) {
  const values = series.flatMap(({ samples }) => samples.map(({ value }) => value));
  const lowest = values.reduce((least, value) => Math.min(least, value), 0);
  const most = values.reduce((most, value) => Math.max(most, value), lowest);
  return { lowest, highest: most > lowest ? most : lowest + 1 };
}

/** @param {string} text */
function titleOf(text) {
  const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
  title.textContent = text;
  return title;
}
