// Reads resources with npm `fhir` (structure and codes) and npm `fhirpath` (invariants): a second opinion, in one process.
// Standard input: {"invariants": [...], "resources": [...]}; standard output: the problems of each resource, as texts.
const fhirpath = require("fhirpath");
const model = require("fhirpath/fhir-context/r4");
const { Fhir } = require("fhir");

const validator = new Fhir();
const compiled = new Map();

function holds(invariant, resource) {
  const rule = `(${invariant.elements}).all(${invariant.expression})`;
  if (!compiled.has(rule)) compiled.set(rule, fhirpath.compile(rule, model));
  return compiled.get(rule)(resource, { resource })[0] === true;
}

function problems(resource, invariants) {
  const found = validator.validate(resource, { errorOnUnexpected: true }).messages
    .filter((message) => message.severity === "error" || message.severity === "fatal")
    .map((message) => `fhir: ${message.location}: ${message.message}`);
  const single = (resource.entry ?? []).map((entry) => entry.resource);
  for (const one of [resource, ...single])
    for (const invariant of invariants)
      if (!holds(invariant, one)) found.push(`fhirpath: ${one.resourceType}: ${invariant.key}`);
  return found;
}

const { invariants, resources } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(resources.map((one) => problems(one, invariants))));
