import ts from 'typescript';

const INTERNAL = /^_[a-z]/;

/**
 * Declarations without what nobody can use: the members that have other names by then, because the build shortens those
 * that begin with an underscore, and the types that only these have named. What is optional may be `undefined`, for those who compile
 * with `exactOptionalPropertyTypes`.
 */
export function publicDeclarations(text: string): string {
  const members: ts.Node[] = [];
  visit(parsed(text), (node) => {
    const isInternal =
      (ts.isClassElement(node) || ts.isTypeElement(node)) &&
      node.name !== undefined &&
      ts.isIdentifier(node.name) &&
      INTERNAL.test(node.name.text);
    if (isInternal) members.push(node);
    return !isInternal;
  });
  let left = without(members, text);
  // What was named by a type that is gone may go as well.
  for (;;) {
    const unused = unusedIn(parsed(left));
    if (unused.length === 0) return withoutNodeTypes(withUndefined(left));
    left = without(unused, left);
  }
}

/** The same, which does without `@types/node`: where that is not installed, what it would declare is `any`. */
function withoutNodeTypes(text: string): string {
  return text.replace(/^import \{ (.*) \} from '(node:\w+)';$/gm, (_, names: string, module: string) =>
    names
      .split(', ')
      .map((name) => `// @ts-ignore: any without @types/node\ntype ${name} = import('${module}').${name};`)
      .join('\n'),
  );
}

// What is handed out as somebody else's type, in which no `undefined` is.
const HANDED_OUT = ['FetchLike', 'SamplingResult', 'SpanContext'];

/** The same, with `undefined` among the types of optional properties. */
function withUndefined(text: string): string {
  const types: ts.TypeNode[] = [];
  visit(parsed(text), (node) => {
    const isProperty = ts.isPropertySignature(node) || ts.isPropertyDeclaration(node);
    if (isProperty && node.questionToken && node.type) types.push(node.type);
    const isType = ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
    return !(isType && HANDED_OUT.includes(node.name.text));
  });
  const pieces = text.split('');
  for (const type of types) {
    // `() => void | undefined` would be something else.
    const isFunction = ts.isFunctionTypeNode(type) || ts.isConstructorTypeNode(type) || ts.isConditionalTypeNode(type);
    pieces[type.getStart()] = (isFunction ? '(' : '') + pieces[type.getStart()];
    pieces[type.getEnd() - 1] += isFunction ? ') | undefined' : ' | undefined';
  }
  return pieces.join('');
}

/** The declarations at the top that nothing else names and nothing exports. */
function unusedIn(file: ts.SourceFile): ts.Statement[] {
  const named = new Set<string>();
  for (const statement of file.statements) {
    const own = nameOf(statement);
    visit(statement, (node) => {
      if (ts.isIdentifier(node) && node.text !== own) named.add(node.text);
      return true;
    });
  }
  return file.statements.filter((statement) => {
    const name = nameOf(statement);
    return name !== undefined && !named.has(name);
  });
}

/** `undefined` for what is no declaration of one name: exports, several variables, `declare global`. */
function nameOf(statement: ts.Statement): string | undefined {
  if (ts.isVariableStatement(statement)) {
    const [first, ...others] = statement.declarationList.declarations;
    return others.length === 0 && ts.isIdentifier(first.name) ? first.name.text : undefined;
  }
  const isNamed =
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isFunctionDeclaration(statement);
  return isNamed ? statement.name?.text : undefined;
}

/** Calls `look` with each node below `node`; where it says false, not with those further below. */
function visit(node: ts.Node, look: (node: ts.Node) => boolean): void {
  ts.forEachChild(node, (child) => {
    if (look(child)) visit(child, look);
  });
}

/** The text without these nodes and the comments in front of them. */
function without(nodes: readonly ts.Node[], text: string): string {
  let left = '';
  let at = 0;
  for (const node of nodes) {
    left += text.slice(at, node.getFullStart());
    at = node.getEnd();
  }
  return (left + text.slice(at)).replace(/\n{3,}/g, '\n\n');
}

function parsed(text: string): ts.SourceFile {
  return ts.createSourceFile('index.d.cts', text, ts.ScriptTarget.Latest, true);
}
