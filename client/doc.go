// Package client calls services that you did not build, through one stack: [WithRetry]
// says what is repeated, [Error] what became of a call. Make one [Client] per service and
// credential, for calls of your own and under an official SDK:
//
//	c, err := client.New("https://api.example.com", client.WithAuth(client.Bearer(key)))
//	cus, err := client.Get[Customer](ctx, c, "/v1/customers/"+client.PathEscape(id))
//	sdk := vendor.New(vendor.WithHTTPClient(c.HTTPClient()))
package client
