// Gives documents to the official parser: node parse.js file...
// Prints what it has to say and ends with 1 when it rejects one or has an error.
import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'

const error = 0
let failed = false
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'))
  for (const d of diagnostics) console.log(`${file}: ${d.severity} ${d.code} at /${d.path.join('/')}: ${d.message}`)
  failed ||= !document || diagnostics.some((d) => d.severity === error)
}
process.exitCode = failed ? 1 : 0
