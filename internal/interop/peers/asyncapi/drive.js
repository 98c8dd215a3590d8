// Calls a service of which only the document is known: node drive.js file url
//
// Each receive operation with a reply gets its documented example, and copies of
// it that are spoilt in one place. The verdict of the payload's schema is compared
// with the service's, and every reply must match exactly one declared message.
// Prints counts as one line of JSON.
import { readFileSync } from 'node:fs'
import { Parser } from '@asyncapi/parser'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import amqp from 'amqplib'

const [file, url] = process.argv.slice(2)
const { document, diagnostics } = await new Parser().parse(readFileSync(file, 'utf8'))
if (!document) throw new Error(JSON.stringify(diagnostics))

const ajv = new Ajv({ strict: true, allowUnionTypes: true })
addFormats(ajv)
const extensions = new Set()
function collect(value) {
  if (value === null || typeof value !== 'object') return
  for (const [key, inner] of Object.entries(value)) {
    if (key.startsWith('x-')) extensions.add(key)
    collect(inner)
  }
}

// declared turns a message into a test of whether something is it.
function declared(message) {
  const headers = message.headers()?.json() ?? {}
  const payload = message.payload()?.json() ?? {}
  collect(headers)
  collect(payload)
  return { name: message.name(), contentType: message.contentType(), headers, payload, examples: message.examples().all().map((e) => e.json()) }
}

const operations = document.operations().filterByReceive().filter((o) => o.reply()).map((o) => ({
  id: o.id(),
  queue: o.channels().all()[0].bindings().get('amqp').value().queue?.name,
  request: declared(o.messages().all()[0]),
  replies: o.reply().messages().all().map(declared),
}))
ajv.addVocabulary([...extensions])
for (const o of operations) for (const m of [o.request, ...o.replies]) {
  m.fits = { headers: ajv.compile(m.headers), payload: ajv.compile(m.payload) }
}

// spoilt makes copies of a value that differ in one place.
function* spoilt(value) {
  yield value
  if (value === null || typeof value !== 'object') return
  for (const key of Object.keys(value)) {
    const without = { ...value }
    delete without[key]
    yield without
    const others = [null, true, 0, 1, -1, 29, 1e6, '', 'x', 'x'.repeat(300), [], {}, [null], '978013419044x', 'a@b', 'ada@example.com', ' ']
    for (const other of others) yield { ...value, [key]: other }
  }
}

const connection = await amqp.connect(url)
const channel = await connection.createChannel()
const pending = new Map()
await channel.consume('amq.rabbitmq.reply-to', (m) => pending.get(m.properties.correlationId)?.(m), { noAck: true })
let id = 0
function call(queue, contentType, body) {
  return new Promise((resolve, reject) => {
    const correlationId = String(++id)
    const timer = setTimeout(() => reject(new Error(`no reply to ${body}`)), 60000)
    pending.set(correlationId, (m) => { clearTimeout(timer); pending.delete(correlationId); resolve(m) })
    channel.sendToQueue(queue, Buffer.from(body), { contentType, correlationId, replyTo: 'amq.rabbitmq.reply-to', headers: { 'parley-deadline': 60000 } })
  })
}

function read(m) {
  const contentType = m.properties.contentType
  if (contentType === 'application/json') return JSON.parse(m.content.toString())
  return m.content.length === 0 && !contentType ? null : m.content.toString()
}

const counts = { operations: operations.length, calls: 0, bothAccept: 0, bothReject: 0, strict: 0, unsound: [], unmatched: [] }
for (const o of operations) {
  for (const example of o.request.examples) for (const payload of spoilt(example.payload)) {
    const body = JSON.stringify(payload)
    const reply = await call(o.queue, o.request.contentType, body)
    counts.calls++
    const value = read(reply)
    const matches = o.replies.filter((r) => r.fits.headers(reply.properties.headers ?? {}) && r.fits.payload(value) &&
      (r.contentType === reply.properties.contentType || value === null))
    if (matches.length !== 1) counts.unmatched.push({ id: o.id, body, reply: value, matches: matches.map((m) => m.name) })
    const refused = reply.properties.headers?.['parley-error'] === 'invalid_argument'
    const valid = o.request.fits.payload(payload)
    if (valid && refused) counts.unsound.push({ id: o.id, body, reply: value })
    else if (!valid && !refused) counts.strict++
    else counts[valid ? 'bothAccept' : 'bothReject']++
  }
}
await connection.close()
console.log(JSON.stringify(counts))
