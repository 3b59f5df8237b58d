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

  /** @param {(request: any) => Promise<any>} sign makes a request that of whoever tries */
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
    const { SwaggerUIBundle } = /** @type {any} */ (globalThis);
    return SwaggerUIBundle({
      spec,
      dom_id: '#operations',
      layout: 'BaseLayout',
      presets: [SwaggerUIBundle.presets.apis],
      plugins: [hidesParts, showsGuards],
      // Nobody but the mesh is told what is in it.
      validatorUrl: null,
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      requestInterceptor: this.#sign,
    });
  }
}

function hidesParts() {
  return { wrapComponents: Object.fromEntries(HIDDEN.map((name) => [name, () => () => null])) };
}

/** Beside each path, who may pass. */
function showsGuards() {
  return {
    wrapComponents: {
      OperationSummaryPath:
        (/** @type {any} */ Path, /** @type {any} */ { React }) =>
        (/** @type {any} */ props) => {
          const guard = props.operationProps.getIn(['op', 'x-plugmesh-guard']);
          const badge =
            guard && React.createElement('span', { className: 'guard', 'data-guard': guard }, guard);
          return React.createElement(React.Fragment, null, React.createElement(Path, props), badge);
        },
    },
  };
}
