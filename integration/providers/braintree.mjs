// Asks Braintree's official library (npm braintree) the way that it calls the GraphQL API, for the test beside this
// file. Arguments: the port of a server on 127.0.0.1, and how many queries to make. Prints a JSON line: the type of the
// exception of each, "" for none, and the library's codes of what is wrong with an apiRequestKey.
import braintree from 'braintree'

const [port, count] = process.argv.slice(2).map(Number)
const gateway = new braintree.BraintreeGateway({
  environment: new braintree.Environment('127.0.0.1', port, '', false, '127.0.0.1', port),
  merchantId: 'merchant', publicKey: 'public', privateKey: 'private',
})
const exceptions = []
for (let i = 0; i < count; i++) {
  try {
    await gateway.graphQLClient.query('query Ping { ping }', { id: '1' })
    exceptions.push('')
  } catch (thrown) {
    exceptions.push(thrown.type)
  }
}
const codes = Object.entries(braintree.ValidationErrorCodes.Transaction).filter(([name]) => name.startsWith('ApiRequestKey'))
console.log(JSON.stringify({ exceptions, codes: Object.fromEntries(codes) }))
