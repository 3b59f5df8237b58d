const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 100;
const SPAN_MS = 60_000;
/** A longer silence is drawn as a gap: no line where nothing is known. */
const GAP_MS = 3_500;

/** A curve of the last minute between 0 and 100, in an `<svg>` of any size. */
export class MinutePlot {
  /** @type {{ at: number, value: number }[]} */
  #samples = [];
  #area;
  #line;

  /** @param {Element} svg */
  constructor(svg) {
    svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute('preserveAspectRatio', 'none');
    for (const y of [0, HEIGHT / 2, HEIGHT]) addPath(svg, 'grid', `M0 ${y}H${WIDTH}`);
    this.#area = addPath(svg, 'area', '');
    this.#line = addPath(svg, 'curve', '');
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
    const runs = splitAtGaps(this.#samples).map((run) =>
      run.map(({ at, value }) => [
        Math.round(WIDTH - ((now - at) / SPAN_MS) * WIDTH),
        Math.round((HEIGHT - (value / 100) * HEIGHT) * 10) / 10,
      ]),
    );
    const lines = runs.map((points) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`);
    this.#line.setAttribute('d', lines.join(''));
    const areas = runs.map((points, n) => `${lines[n]}V${HEIGHT}H${points[0]?.[0]}Z`);
    this.#area.setAttribute('d', areas.join(''));
  }
}

/** @param {readonly { at: number, value: number }[]} samples */
function splitAtGaps(samples) {
  /** @type {{ at: number, value: number }[][]} */
  const runs = [];
  for (const sample of samples) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run && last && sample.at - last.at <= GAP_MS) run.push(sample);
    else runs.push([sample]);
  }
  return runs;
}

/**
 * @param {Element} svg
 * @param {string} className
 * @param {string} d
 */
function addPath(svg, className, d) {
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('class', className);
  path.setAttribute('d', d);
  path.setAttribute('vector-effect', 'non-scaling-stroke');
  svg.append(path);
  return path;
}
