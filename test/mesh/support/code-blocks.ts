/** A fenced block of a Markdown page: ```` ```ts services/hello/src/main.mts ````. */
export interface CodeBlock {
  readonly language: string;
  /** What follows the language: a file's path, or what the block is. */
  readonly name: string;
  readonly text: string;
}

/** Every fenced block of a page, in order. */
export function codeBlocks(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', name = '', text = '']) => ({ language, name: name.trim(), text }),
  );
}

/** The first block with this name; that there is none is the page's fault. */
export function codeBlock(blocks: readonly CodeBlock[], name: string): CodeBlock {
  const block = blocks.find((each) => each.name === name);
  if (!block) throw new Error(`the page has no code block '${name}'`);
  return block;
}
