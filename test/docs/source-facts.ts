import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The functions that pass a code on to `report`, with the argument that holds it and the level that they use. */
const HANDING_ON: Readonly<Record<string, { argument: number; level: string }>> = {
  '_counts._refuse': { argument: 0, level: 'error' },
  drop: { argument: 1, level: 'warn' },
};

/** A member of an interface, with its comment. */
export interface Member {
  readonly name: string;
  /** The text of its doc comment, in one line. */
  readonly comment: string;
}

/** Returns the members of an interface in a source file. */
export function membersOf(file: URL, interfaceName: string): Member[] {
  const members: Member[] = [];
  walk(parse(file), (node) => {
    if (!ts.isInterfaceDeclaration(node) || node.name.text !== interfaceName) return;
    for (const member of node.members) {
      const [comment] = ts.getJSDocCommentsAndTags(member);
      const text = ts.getTextOfJSDocComment(comment?.comment as string | undefined) ?? '';
      members.push({ name: member.name?.getText() ?? '', comment: text.replace(/\s+/g, ' ') });
    }
  });
  return members;
}

/** Returns the string constants of a source file by name. */
export function stringConstantsOf(file: URL): Map<string, string> {
  const constants = new Map<string, string>();
  walk(parse(file), (node) => {
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined && ts.isStringLiteral(node.initializer)) {
      constants.set(node.name.getText(), node.initializer.text);
    }
  });
  return constants;
}

/** Returns the string literals of a source file that look like the names of environment variables. */
export function variableNamesIn(file: URL): Set<string> {
  const names = new Set<string>();
  walk(parse(file), (node) => {
    if (ts.isStringLiteral(node) && /^(OTEL_|TRACE_)[A-Z_]*[A-Z]$|^ENVIRONMENT$/.test(node.text)) names.add(node.text);
  });
  return names;
}

/**
 * Returns the codes of all diagnostics with their levels: the first and third argument of `report(…)`, and the codes
 * that `_counts._refuse` of the batch processor and `drop` of attributes pass on to it.
 *
 * @throws Error for a call whose code is not a literal, and for a code with two levels.
 */
export function diagnosticsIn(folder: URL): Map<string, string> {
  const codes = new Map<string, string>();
  const add = (code: string, level: string) => {
    if ((codes.get(code) ?? level) !== level) throw new Error(`${code} is reported at two levels`);
    codes.set(code, level);
  };
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    walk(parse(new URL(path, folder)), (node) => {
      if (!ts.isCallExpression(node)) return;
      const callee = node.expression.getText();
      const handedOn = HANDING_ON[callee];
      const code = node.arguments[handedOn?.argument ?? 0];
      if (handedOn !== undefined) {
        if (!ts.isStringLiteral(code)) throw new Error(`${path}: the code of ${node.getText()} cannot be read`);
        add(code.text, handedOn.level);
      }
      if (callee !== 'report') return;
      const level = node.arguments[2];
      if (ts.isStringLiteral(code)) {
        add(code.text, level !== undefined && ts.isStringLiteral(level) ? level.text : 'warn');
      } else if (!/^(reason|code)$/.test(code.getText())) {
        throw new Error(`${path}: the code of ${node.getText()} cannot be read off the source`);
      }
    });
  }
  return codes;
}

function parse(file: URL): ts.SourceFile {
  return ts.createSourceFile(fileURLToPath(file), readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}
