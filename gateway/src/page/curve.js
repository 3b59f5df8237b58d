const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 100;

/**
 * A value at a time in ms.
 * @typedef {{ at: number, value: number }} Sample
 */

/**
 * What a drawing shows: times in ms, values, and how long a silence is drawn as a gap: no line where nothing is known.
 * @typedef {{ from: number, to: number, lowest: number, highest: number, gapMs: number }} Frame
 */

/**
 * Makes an `<svg>` of any size ready for curves: its measures and the lines behind them.
 * @param {Element} svg
 */
export function prepareDrawing(svg) {
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  for (const y of [0, HEIGHT / 2, HEIGHT]) addPath(svg, 'grid').setAttribute('d', `M0 ${y}H${WIDTH}`);
}

/**
 * @param {Element} svg
 * @param {string} className
 */
export function addPath(svg, className) {
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('class', className);
  path.setAttribute('vector-effect', 'non-scaling-stroke');
  svg.append(path);
  return path;
}

/**
 * The `d` of a curve's line and of the area below it.
 * @param {readonly Sample[]} samples in the order of their times
 * @param {Frame} frame
 */
export function traceCurve(samples, { from, to, lowest, highest, gapMs }) {
  const runs = splitAtGaps(samples, gapMs).map((run) =>
    run.map(({ at, value }) => [
      Math.round(((at - from) / (to - from)) * WIDTH),
      Math.round((1 - (value - lowest) / (highest - lowest)) * HEIGHT * 10) / 10,
    ]),
  );
  const lines = runs.map((points) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`);
  const areas = runs.map((points, n) => `${lines[n]}V${HEIGHT}H${points[0]?.[0]}Z`);
  return { line: lines.join(''), area: areas.join('') };
}

/**
 * @param {readonly Sample[]} samples
 * @param {number} gapMs
 */
function splitAtGaps(samples, gapMs) {
  /** @type {Sample[][]} */
  const runs = [];
  for (const sample of samples) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && sample.at - last.at <= gapMs) run.push(sample);
    else runs.push([sample]);
  }
  return runs;
}
