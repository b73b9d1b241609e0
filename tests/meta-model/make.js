// Prints the meta-model of the Language Server Protocol 3.17, in the form that the protocol's `metaModel.schema.json`
// describes: as Microsoft's package `vscode-languageserver-protocol` declares it (MIT, see LICENSE-MICROSOFT), without
// its documentation and without what is only proposed. Run `npm ci && npm run make` to make `lsp-3.17.json` anew.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import ts from "typescript";

const packages = path.join(import.meta.dirname, "node_modules");
const common = path.join(packages, "vscode-languageserver-protocol/lib/common");
const types = path.join(packages, "vscode-languageserver-types/lib/esm/main.d.ts");
const jsonrpc = path.join(packages, "vscode-jsonrpc/lib/common/messages.d.ts");
const protocol = createRequire(import.meta.url)("vscode-languageserver-protocol");

const files = readdirSync(common)
  .filter((name) => /^protocol\.(?!\$|inlineCompletion).*d\.ts$|^protocol\.d\.ts$|^api\.d\.ts$/.test(name))
  .map((name) => path.join(common, name));

// What the types are written in, and what has no declaration of its own.
const base = ["URI", "DocumentUri", "integer", "uinteger", "decimal"];
const skipped = new Set([...base, "LSPAny", "LSPObject", "LSPArray", "TextDocument", "EOL",
  // Proposed, though not said so at every one.
  "InlineCompletionTriggerKind",
]);

const interfaces = new Map();
const aliases = new Map();
const namespaces = new Map();
for (const file of [types, ...files, jsonrpc]) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  for (const node of source.statements) {
    const name = node.name?.text;
    if (!name || skipped.has(name) || isProposed(node)) continue;
    if (ts.isModuleDeclaration(node)) namespaces.set(name, node);
    if (file === jsonrpc) continue;
    if (ts.isInterfaceDeclaration(node)) interfaces.set(name, node);
    if (ts.isTypeAliasDeclaration(node)) aliases.set(name, node);
  }
}

function isProposed(node) {
  return ts.getJSDocTags(node).some((tag) => tag.tagName.text === "proposed");
}

const named = (name) => ({ kind: "reference", name });
const ofBase = (name) => ({ kind: "base", name });
const nothing = ofBase("null");

function type(node) {
  if (ts.isParenthesizedTypeNode(node)) return type(node.type);
  if (ts.isArrayTypeNode(node)) return { kind: "array", element: type(node.elementType) };
  if (ts.isTupleTypeNode(node)) return { kind: "tuple", items: node.elements.map(type) };
  if (ts.isUnionTypeNode(node)) return { kind: "or", items: node.types.map(type) };
  if (ts.isIntersectionTypeNode(node)) return { kind: "and", items: node.types.map(type) };
  if (ts.isTypeLiteralNode(node)) {
    const index = node.members.find(ts.isIndexSignatureDeclaration);
    if (index) return { kind: "map", key: type(index.parameters[0].type), value: type(index.type) };
    return { kind: "literal", value: { properties: properties(node.members) } };
  }
  if (ts.isLiteralTypeNode(node)) {
    const { literal } = node;
    if (literal.kind === ts.SyntaxKind.NullKeyword) return nothing;
    if (ts.isStringLiteral(literal)) return { kind: "stringLiteral", value: literal.text };
    if (ts.isNumericLiteral(literal)) return { kind: "integerLiteral", value: Number(literal.text) };
    const isBoolean = literal.kind === ts.SyntaxKind.TrueKeyword || literal.kind === ts.SyntaxKind.FalseKeyword;
    if (isBoolean) return { kind: "booleanLiteral", value: literal.kind === ts.SyntaxKind.TrueKeyword };
  }
  if (ts.isTypeReferenceNode(node)) {
    const name = node.typeName.getText();
    if (base.includes(name)) return ofBase(name);
    if (name === "T") return named("LSPAny");
    // `CompletionItemKind.Text`: a value of an enumeration stands for the enumeration's.
    if (name.includes(".")) return constant(name);
    return named(name);
  }
  if (ts.isTypeQueryNode(node)) return constant(node.exprName.getText());
  switch (node.kind) {
    case ts.SyntaxKind.StringKeyword: return ofBase("string");
    case ts.SyntaxKind.BooleanKeyword: return ofBase("boolean");
    case ts.SyntaxKind.NumberKeyword: return ofBase("decimal");
    case ts.SyntaxKind.VoidKeyword: return nothing;
    case ts.SyntaxKind.AnyKeyword: return named("LSPAny");
    case ts.SyntaxKind.ObjectKeyword: return named("LSPObject");
  }
  throw new Error(`what is ${node.getText()}? (kind ${ts.SyntaxKind[node.kind]})`);
}

function constant(name) {
  const [namespace, member] = name.split(".");
  const found = constants(namespaces.get(namespace)).find((constant) => constant.name === member);
  return { kind: typeof found.value === "string" ? "stringLiteral" : "integerLiteral", value: found.value };
}

function properties(members) {
  return members
    .filter((member) => ts.isPropertySignature(member) && !isProposed(member))
    .map((member) => ({
      name: member.name.text,
      type: type(member.type),
      ...(member.questionToken && { optional: true }),
    }));
}

function structure(name, members, parents) {
  const own = properties(members);
  return { name, ...(parents.length > 0 && { extends: parents.map(named) }), properties: own };
}

function ofInterface([name, node]) {
  const parents = (node.heritageClauses ?? []).flatMap((clause) => clause.types.map((t) => t.expression.getText()));
  return structure(name, node.members, parents);
}

// `type X = A & B & { ... }` is a structure too.
function ofAlias([name, node]) {
  const parts = ts.isIntersectionTypeNode(node.type) ? node.type.types : [node.type];
  const parents = parts.filter(ts.isTypeReferenceNode).map((part) => part.typeName.getText());
  const literals = parts.filter(ts.isTypeLiteralNode);
  return structure(name, literals.flatMap((part) => [...part.members]), parents);
}

const isStructure = ([, node]) =>
  ts.isIntersectionTypeNode(node.type) ||
  (ts.isTypeLiteralNode(node.type) && !node.type.members.some(ts.isIndexSignatureDeclaration));

function constants(namespace) {
  const statements = namespace?.body?.statements ?? [];
  return statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => [...statement.declarationList.declarations])
    .map(({ name, type, initializer }) => ({ name: name.text, value: value(type ?? initializer) }))
    .filter(({ value }) => value !== undefined);
}

function value(node) {
  if (ts.isLiteralTypeNode(node)) return value(node.literal);
  if (ts.isStringLiteral(node)) return node.text;
  return ts.isNumericLiteral(node) ? Number(node.text) : undefined;
}

// A name for values: closed where the type lists them, open where it is any string or number.
function enumeration([name, node]) {
  const values = constants(namespaces.get(name));
  const open = !ts.isUnionTypeNode(node.type) && !ts.isLiteralTypeNode(node.type);
  const kind = typeof values[0].value === "string" ? "string" : "uinteger";
  return { name, type: ofBase(kind), ...(open && { supportsCustomValues: true }), values };
}

const isEnumeration = ([name, node]) =>
  constants(namespaces.get(name)).length > 0 && !isStructure([name, node]) && !refersToStructures(node.type);
const refersToStructures = (node) =>
  ts.isUnionTypeNode(node) && node.types.some((part) => !ts.isLiteralTypeNode(part));

function messages() {
  const requests = [];
  const notifications = [];
  for (const [name, namespace] of namespaces) {
    const declared = (namespace.body?.statements ?? [])
      .filter(ts.isVariableStatement)
      .flatMap((statement) => [...statement.declarationList.declarations])
      .find((declaration) => declaration.name.text === "type");
    const kind = declared?.type?.typeName?.getText();
    if (!/^Protocol(Request|Notification)Type0?$/.test(kind ?? "")) continue;
    const given = [...(declared.type.typeArguments ?? [])];
    const { messageDirection, type: { method } } = protocol[name];
    const params = kind.endsWith("0") ? {} : { params: type(given.shift()) };
    const heading = { method, messageDirection };
    if (kind.startsWith("ProtocolNotification")) {
      notifications.push({ ...heading, ...params });
      continue;
    }
    const [result, partialResult, errorData] = given;
    const kept = (key, node) =>
      ["never", "void", "any"].includes(node.getText()) ? {} : { [key]: type(node) };
    requests.push({
      ...heading,
      ...params,
      result: type(result),
      ...kept("partialResult", partialResult),
      ...kept("errorData", errorData),
    });
  }
  return { requests, notifications };
}

const { requests, notifications } = messages();
// These two are declared with the transport, not as types of messages.
notifications.push(
  { method: "$/cancelRequest", messageDirection: "both", params: named("CancelParams") },
  { method: "$/progress", messageDirection: "both", params: named("ProgressParams") },
);
const loose = [...aliases];
const any = named("LSPAny");
const model = {
  metaData: { version: "3.17.0" },
  requests,
  notifications,
  structures: [
    ...[...interfaces].filter(([name]) => !aliases.has(name)).map(ofInterface),
    ...loose.filter(isStructure).map(ofAlias),
    { name: "CancelParams", properties: [{ name: "id", type: { kind: "or", items: [ofBase("integer"), ofBase("string")] } }] },
    {
      name: "ProgressParams",
      properties: [
        { name: "token", type: named("ProgressToken") },
        { name: "value", type: named("LSPAny") },
      ],
    },
  ],
  enumerations: [
    ...loose.filter(isEnumeration).map(enumeration),
    { name: "TraceValues", type: ofBase("string"), values: ["off", "messages", "verbose"].map((value) => ({ name: value, value })) },
  ],
  typeAliases: [
    { name: "ProgressToken", type: { kind: "or", items: [ofBase("integer"), ofBase("string")] } },
    { name: "LSPObject", type: { kind: "map", key: ofBase("string"), value: any } },
    { name: "LSPArray", type: { kind: "array", element: any } },
    {
      name: "LSPAny",
      type: {
        kind: "or",
        items: [named("LSPObject"), named("LSPArray"), ...["string", "integer", "uinteger", "decimal", "boolean", "null"].map(ofBase)],
      },
    },
    ...loose
      .filter((alias) => !isStructure(alias) && !isEnumeration(alias))
      .map(([name, node]) => ({ name, type: type(node.type) })),
  ],
};

const one = (name) => model[name].map((entry) => `\n  ${JSON.stringify(entry)}`).join(",");
const lists = ["requests", "notifications", "structures", "enumerations", "typeAliases"];
console.log(`{
 "metaData": ${JSON.stringify(model.metaData)},
${lists.map((name) => ` "${name}": [${one(name)}\n ]`).join(",\n")}
}`);
