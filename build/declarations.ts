import ts from 'typescript';

const INTERNAL = /^_[a-z]/;

/**
 * Removes from the declarations what nobody can use: members whose names begin with an underscore, because the build
 * mangles these names, and types that only these members refer to. Adds `undefined` to optional properties, for users
 * who compile with `exactOptionalPropertyTypes`.
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
  // Types that only a removed type referred to can be removed as well.
  for (;;) {
    const unused = unusedIn(parsed(left));
    if (unused.length === 0) return withoutNodeTypes(withUndefined(left));
    left = without(unused, left);
  }
}

/**
 * Makes the declarations work without `@types/node`: if that is not installed, the types it would declare are `any`.
 */
function withoutNodeTypes(text: string): string {
  return text.replace(/^import \{ (.*) \} from '(node:\w+)';$/gm, (_, names: string, module: string) =>
    names
      .split(', ')
      .map((name) => `// @ts-ignore: any without @types/node\ntype ${name} = import('${module}').${name};`)
      .join('\n'),
  );
}

// Values of these types are handed out as types of other libraries, which do not allow `undefined`.
const HANDED_OUT = ['ExportResult', 'FetchLike', 'ReadableSpan', 'SamplingResult', 'SpanContext', 'SpanEvent'];

/** Adds `undefined` to the types of optional properties. */
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
    // `() => void | undefined` would mean something else.
    const isFunction = ts.isFunctionTypeNode(type) || ts.isConstructorTypeNode(type) || ts.isConditionalTypeNode(type);
    pieces[type.getStart()] = (isFunction ? '(' : '') + pieces[type.getStart()];
    pieces[type.getEnd() - 1] += isFunction ? ') | undefined' : ' | undefined';
  }
  return pieces.join('');
}

/** Returns the top-level declarations that nothing else refers to and nothing exports. */
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

/** Returns the name that a statement declares; `undefined` for exports, several variables and `declare global`. */
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

/** Calls `look` with each node below `node`. Does not descend where it returns false. */
function visit(node: ts.Node, look: (node: ts.Node) => boolean): void {
  ts.forEachChild(node, (child) => {
    if (look(child)) visit(child, look);
  });
}

/** Returns the text without these nodes and the comments before them. */
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
