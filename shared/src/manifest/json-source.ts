import * as jsonc from 'jsonc-parser';
import { MeshError, MeshProblems, type ErrorCode, type Position } from '../errors/index.ts';

/** A JSON text that remembers where its values are. */
export class JsonSource {
  readonly value: unknown;
  readonly #file: string;
  readonly #text: string;
  readonly #root: jsonc.Node | undefined;

  /** Throws `MeshProblems` with every syntax error, keys that stand twice among them. */
  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text.replace(/^\uFEFF/, ' ');
    const errors: jsonc.ParseError[] = [];
    this.#root = jsonc.parseTree(this.#text, errors, { disallowComments: true, allowEmptyContent: false });
    const problems = [
      ...errors.map(({ error, offset }) => this.#syntaxError(`${SYNTAX[error] ?? 'JSON'} expected`, offset)),
      ...this.#repeatedKeys(this.#root),
    ];
    if (problems.length > 0) throw new MeshProblems(problems);
    this.value = this.#parse();
  }

  /** Where the value at a path begins; of one that is missing, where its object begins. */
  positionOf(path: readonly PropertyKey[]): Position {
    return this.#position(this.#nodeAt(path)?.offset ?? 0);
  }

  /** Where the name of a property stands. */
  positionOfKey(path: readonly PropertyKey[], key: string): Position {
    const property = this.#nodeAt(path)?.children?.find(({ children }) => children?.[0]?.value === key);
    return this.#position(property?.offset ?? 0);
  }

  #nodeAt(path: readonly PropertyKey[]): jsonc.Node | undefined {
    let node = this.#root;
    for (const part of path) {
      const child = node && jsonc.findNodeAtLocation(node, [typeof part === 'number' ? part : String(part)]);
      if (!child) return node;
      node = child;
    }
    return node;
  }

  // jsonc-parser recovers from what it does not know; JSON.parse has the last word.
  #parse(): unknown {
    try {
      return JSON.parse(this.#text);
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      throw new MeshProblems([this.#syntaxError(cause.message, 0)]);
    }
  }

  #repeatedKeys(node: jsonc.Node | undefined): MeshError[] {
    const seen = new Set<unknown>();
    return (node?.children ?? []).flatMap((child) => {
      const [key, value] = child.type === 'property' ? (child.children ?? []) : [];
      if (!key) return this.#repeatedKeys(child);
      const isRepeated = seen.has(key.value);
      seen.add(key.value);
      const problem = isRepeated
        ? [this.#syntaxError(`'${String(key.value)}' stands here twice`, key.offset)]
        : [];
      return [...problem, ...this.#repeatedKeys(value)];
    });
  }

  #syntaxError(message: string, offset: number): MeshError {
    const code: ErrorCode = 'MESH_MANIFEST_SYNTAX';
    return new MeshError(code, message, { position: this.#position(offset) });
  }

  #position(offset: number): Position {
    const before = this.#text.slice(0, offset);
    const line = before.split('\n').length;
    return { file: this.#file, line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
  }
}

const SYNTAX: Readonly<Partial<Record<jsonc.ParseErrorCode, string>>> = {
  [jsonc.ParseErrorCode.InvalidSymbol]: 'a JSON value',
  [jsonc.ParseErrorCode.InvalidNumberFormat]: 'a number',
  [jsonc.ParseErrorCode.PropertyNameExpected]: 'a name in double quotes',
  [jsonc.ParseErrorCode.ValueExpected]: 'a value',
  [jsonc.ParseErrorCode.ColonExpected]: "':'",
  [jsonc.ParseErrorCode.CommaExpected]: "','",
  [jsonc.ParseErrorCode.CloseBraceExpected]: "'}'",
  [jsonc.ParseErrorCode.CloseBracketExpected]: "']'",
  [jsonc.ParseErrorCode.EndOfFileExpected]: 'nothing more',
  [jsonc.ParseErrorCode.InvalidCommentToken]: 'JSON without comments',
  [jsonc.ParseErrorCode.UnexpectedEndOfString]: "the end of a text, '\"',",
};
