/** @typedef {{ openapi: string, paths: object }} OpenApi */

/** Parts of Swagger UI that would say something else than the page around it. */
const HIDDEN = [
  'InfoContainer',
  'ServersContainer',
  'SchemesContainer',
  'authorizeBtn',
  'authorizeOperationBtn',
];

/** Swagger UI in the page: drawn once, then given each new document, so that what is open stays open. */
export class Operations {
  #sign;
  /** @type {any} */
  #ui;

  /** @param {import('./visitor.js').Visitor['sign']} sign makes a request that of whoever tries */
  constructor(sign) {
    this.#sign = sign;
  }

  /** @param {OpenApi} document */
  show(document) {
    if (this.#ui) this.#ui.specActions.updateSpec(JSON.stringify(document));
    else this.#ui = this.#draw(document);
  }

  /** @param {OpenApi} spec */
  #draw(spec) {
    followColours();
    const { SwaggerUIBundle } = /** @type {any} */ (globalThis);
    return SwaggerUIBundle({
      spec,
      dom_id: '#operations',
      layout: 'BaseLayout',
      presets: [SwaggerUIBundle.presets.apis],
      plugins: [hidesParts, showsGuards, readsNoMarkup],
      // Nobody but the mesh is told what is in it.
      validatorUrl: null,
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      requestInterceptor: this.#sign,
    });
  }
}

/** Swagger UI has colours of its own for what is not drawn in the mesh's, and is told by a class which ones to take. */
function followColours() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
  follow();
}

function hidesParts() {
  return { wrapComponents: Object.fromEntries(HIDDEN.map((name) => [name, () => () => null])) };
}

/** Beside each path, who may pass. */
function showsGuards() {
  return {
    wrapComponents: {
      OperationSummaryPath:
        (/** @type {any} */ Path, /** @type {any} */ { React, specSelectors }) =>
        (/** @type {any} */ props) => {
          const { path, method } = props.operationProps.toObject();
          const guard = specSelectors.specJson().getIn(['paths', path, method, 'x-plugmesh-guard']);
          const badge =
            guard && React.createElement('span', { className: 'guard', 'data-guard': guard }, guard);
          return React.createElement(React.Fragment, null, React.createElement(Path, props), badge);
        },
    },
  };
}

/** Descriptions are Markdown alone: no element and no image of a plugin's comes into the page. */
function readsNoMarkup() {
  return {
    wrapComponents: {
      Markdown:
        (/** @type {any} */ Markdown, /** @type {any} */ { React }) =>
        (/** @type {any} */ props) =>
          React.createElement(Markdown, { ...props, source: withoutMarkup(props.source) }),
    },
  };
}

/** @param {unknown} source */
function withoutMarkup(source) {
  // A space without width is no part of a tag: what looks like one stands there as text.
  return typeof source === 'string' ? source.replace(/<(?=[a-z/!?])|!(?=\[)/gi, '$&\u200b') : source;
}
