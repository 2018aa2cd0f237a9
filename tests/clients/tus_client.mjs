// Uploads a file with tus-js-client as an app would, and prints as JSON each answer it got and how it ended.
import { createReadStream } from 'node:fs'
import { parseArgs } from 'node:util'
import tus from 'tus-js-client'

const { values: given } = parseArgs({
  options: {
    url: { type: 'string' }, // of the collection
    token: { type: 'string' },
    file: { type: 'string' },
    metadata: { type: 'string' }, // a JSON object
    'chunk-size': { type: 'string' }, // bytes of a request; without it, all in one
    'retry-delays': { type: 'string', default: '[0, 1000, 3000, 5000]' }, // milliseconds
    'with-creation': { type: 'boolean', default: false }, // the first bytes go with the creation
    urls: { type: 'string' }, // a file that remembers uploads for the next run of this script
  },
})

const answers = []

function finish(outcome, details = {}) {
  console.log(JSON.stringify({ outcome, url: upload.url, answers, ...details }))
  process.exit(outcome === 'done' ? 0 : 1)
}

const upload = new tus.Upload(createReadStream(given.file), {
  endpoint: given.url,
  headers: { Authorization: `Bearer ${given.token}` },
  metadata: JSON.parse(given.metadata),
  chunkSize: given['chunk-size'] ? Number(given['chunk-size']) : Number.POSITIVE_INFINITY,
  retryDelays: JSON.parse(given['retry-delays']),
  uploadDataDuringCreation: given['with-creation'],
  ...(given.urls && { urlStorage: new tus.FileUrlStorage(given.urls) }),
  onAfterResponse: (request, response) => {
    const offset = response.getHeader('Upload-Offset')
    answers.push([request.getMethod(), response.getStatus(), offset === undefined ? null : Number(offset)])
  },
  onSuccess: () => finish('done'),
  onError: (error) => finish('failed', { error: error.message }),
})

if (given.urls) {
  const [previous] = await upload.findPreviousUploads()
  if (previous) upload.resumeFromPreviousUpload(previous)
}
upload.start()
