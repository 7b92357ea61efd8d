// Package graphql calls a GraphQL service through a client, so that what fails inside a
// 200 is an error like any other:
//
//	shop, err := graphql.Do[Shop](ctx, c, graphql.Request{
//		Path: "/graphql", Query: `query($id: ID!) { shop(id: $id) { name } }`, Variables: vars,
//	})
//	switch {
//	case errors.Is(err, client.ErrNotFound): // extensions.code NOT_FOUND, say
//
// What comes with errors and data both is returned, with an [*Error] beside it. A
// throttle inside a 200 is retried, paced and counted as one only where the client's
// profile knows of it: give it one that [Codes.Profile] has completed.
//
// # What is repeated
//
// A query is retried as a GET is, a mutation as a POST: not once it may have been
// applied. Which of the two an operation is stands in the document, and [Do] reads it
// there, by the operation that is executed (GraphQL, October 2021, section 6.1): a caller
// who is asked can be wrong, and the specification wants queries to be free of side
// effects. What cannot be read counts as a mutation. Where a service takes an idempotency
// key in the mutation's input, or in a header that the profile names, say so in an edit:
// r.Repeatable = true.
//
// Requests and responses are those of GraphQL over HTTP,
// application/graphql-response+json included.
//
// # Operations as values
//
// An adapter's operations are each an [Op], or a [List] where they have pages: a
// document, the variables that an In makes, and the member of the data that comes back.
package graphql
