// Asks the providers' own npm libraries, for the tests beside this file: one
// JSON request a line on standard input, one JSON answer a line on standard
// output. Bodies travel as base64.
import https from 'node:https'
import { EventEmitter } from 'node:events'
import { createInterface } from 'node:readline'
import { sign as octokitSign, verify as octokitVerify } from '@octokit/webhooks-methods'
import braintree from 'braintree'
import SNSValidator from 'sns-validator'
import Stripe from 'stripe'
import { Webhook } from 'svix'

const stripe = new Stripe('sk_test_none')

const gateway = ({ publicKey, privateKey }) => new braintree.BraintreeGateway({
  environment: braintree.Environment.Sandbox, merchantId: 'merchant', publicKey, privateKey,
})

// The validator fetches the certificate itself: it gets the test's.
let certificate
https.get = (_url, onResponse) => {
  const response = Object.assign(new EventEmitter(), { statusCode: 200 })
  queueMicrotask(() => {
    onResponse(response)
    response.emit('data', Buffer.from(certificate))
    response.emit('end')
  })
  return new EventEmitter()
}

const operations = {
  'stripe.verify': ({ body, header, secret }) =>
    stripe.webhooks.signature.verifyHeader(body, header, secret, 300),
  'stripe.sign': ({ body, secret, timestamp }) =>
    stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }),

  'octokit.verify': async ({ body, header, secret }) => {
    if (!await octokitVerify(secret, body, header)) throw new Error('refused')
  },
  'octokit.sign': ({ body, secret }) => octokitSign(secret, body),

  'svix.verify': ({ body, headers, secret }) => void new Webhook(secret).verify(body, headers),
  'svix.sign': ({ body, secret, id, timestamp }) =>
    new Webhook(secret).sign(id, new Date(timestamp * 1000), body),

  'braintree.verify': ({ signature, payload, ...keys }) => {
    const refusal = gateway(keys).webhookNotification.validateSignature(signature, payload)
    if (refusal) throw refusal
  },
  'braintree.parse': async ({ signature, payload, ...keys }) =>
    (await gateway(keys).webhookNotification.parse(signature, payload)).kind,
  'braintree.sample': ({ kind, id, ...keys }) => gateway(keys).webhookTesting.sampleNotification(kind, id),
  'braintree.sign': ({ payload, ...keys }) => gateway(keys).webhookTesting.sampleSignature(payload),
  'braintree.challenge': ({ challenge, ...keys }) => gateway(keys).webhookNotification.verify(challenge),

  'sns.verify': ({ body, certificate: pem }) => new Promise((resolve, reject) => {
    certificate = pem
    new SNSValidator().validate(body, (err) => err ? reject(err) : resolve())
  }),
}

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, body, ...rest } = JSON.parse(line)
  let answer
  try {
    const value = await operations[operation]({ body: Buffer.from(body ?? '', 'base64').toString('utf8'), ...rest })
    answer = { ok: true, value }
  } catch (err) {
    answer = { ok: false, error: String(err?.message || err?.type || err) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
