import { getStaticTOMLValue, parseTOML, type AST } from 'toml-eslint-parser';
import { MeshError, MeshProblems, type Position } from '../errors/index.ts';

/** A TOML text that remembers where its keys are. */
export class TomlSource {
  readonly value: Readonly<Record<string, unknown>>;
  readonly #file: string;
  readonly #positions = new Map<string, Position>();

  /** Throws `MeshProblems` when the text is not TOML. */
  constructor(text: string, file: string) {
    this.#file = file;
    const program = this.#parse(text.replace(/^\uFEFF/, ''));
    this.value = getStaticTOMLValue(program);
    this.#readBody(program.body[0].body, []);
  }

  /** Where a key stands. */
  positionOf(path: readonly PropertyKey[]): Position {
    return this.#positions.get(path.join('\0')) ?? { file: this.#file, line: 1, column: 1 };
  }

  #parse(text: string): AST.TOMLProgram {
    try {
      return parseTOML(text);
    } catch (error) {
      const {
        message,
        lineNumber = 1,
        column = 0,
      } = error as Error & { lineNumber?: number; column?: number };
      const position = { file: this.#file, line: lineNumber, column: column + 1 };
      throw new MeshProblems([new MeshError('MESH_CONFIG_SYNTAX', message, { position })]);
    }
  }

  #readBody(body: readonly (AST.TOMLKeyValue | AST.TOMLTable)[], prefix: readonly PropertyKey[]): void {
    for (const node of body) {
      if (node.type === 'TOMLTable') {
        this.#note(node.resolvedKey, node.key);
        this.#readBody(node.body, node.resolvedKey);
      } else {
        const keys = node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
        for (let depth = 1; depth <= keys.length; depth++)
          this.#note([...prefix, ...keys.slice(0, depth)], node);
        this.#readValue(node.value, [...prefix, ...keys]);
      }
    }
  }

  #readValue(value: AST.TOMLContentNode, path: readonly PropertyKey[]): void {
    if (value.type === 'TOMLInlineTable') this.#readBody(value.body, path);
    if (value.type !== 'TOMLArray') return;
    for (const [at, element] of value.elements.entries()) {
      this.#note([...path, at], element);
      this.#readValue(element, [...path, at]);
    }
  }

  #note(path: readonly PropertyKey[], { loc }: AST.TOMLNode): void {
    const key = path.join('\0');
    if (this.#positions.has(key)) return;
    this.#positions.set(key, { file: this.#file, line: loc.start.line, column: loc.start.column + 1 });
  }
}
