import { isTest, type TextFile, type Violation } from "./repository.ts";
import { children, isFunction, type ParsedFile, type SyntaxNode } from "./syntax.ts";

export const MAX_FILE_LINES = 300;
export const MAX_TEST_LINES = 500;
export const MAX_FUNCTION_LINES = 70;

/** Files that are too long to be read at a stretch. */
export function longFiles(files: readonly TextFile[]): Violation[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    const limit = isTest(path) ? MAX_TEST_LINES : MAX_FILE_LINES;
    return lines > limit ? [{ path, line: 0, what: `${lines} lines, at most ${limit}` }] : [];
  });
}

/**
 * Functions that are too long. The lines of a function inside another count for the inner one
 * alone, so a factory may hold many short functions. Tests are left out: a `describe` is a list.
 */
export function longFunctions(files: readonly ParsedFile[]): Violation[] {
  return files
    .filter((file) => !isTest(file.path))
    .flatMap((file) => {
      const found: Violation[] = [];
      measure(file.program, file, found);
      return found;
    });
}

/** Lines below `node` that belong to functions; adds the functions that are too long. */
function measure(node: SyntaxNode, file: ParsedFile, found: Violation[]): number {
  const inner = children(node).reduce((sum, child) => sum + measure(child, file, found), 0);
  if (!isFunction(node)) return inner;
  const first = file.lineAt(node.start);
  const all = file.lineAt(node.end) - first + 1;
  const own = all - inner;
  if (own > MAX_FUNCTION_LINES)
    found.push({ path: file.path, line: first, what: `function of ${own} lines, at most ${MAX_FUNCTION_LINES}` });
  // A function on one line takes none from the one around it.
  return all > 1 ? all - 1 : 0;
}
